import type {
  Checkpoint,
  Clock,
  CompletionBus,
  EventLog,
  IdFromText,
  Logger,
  ProjectionName,
  ResultCache,
  ViewDatabase,
} from '@hindcast/domain';
import { createViewComparer, type ViewComparer } from './compare-views.ts';
import { noDeadLetters } from './dead-letters.ts';
import { createModelsProjection, modelsOf } from './models.ts';
import { createPredictionStatusProjection, predictionStatusOf, predictionStoresOf } from './prediction-status.ts';
import type { Projection } from './projection.ts';
import { type BatchGate, type RunningProjector, startProjector } from './start-projector.ts';

export interface ProjectionPorts {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly bus: CompletionBus;
  readonly cache: ResultCache;
  readonly now: Clock;
  readonly idFromText: IdFromText;
  readonly logger?: Logger | undefined;
}

/** The projection that serves a generation: it announces and stores dead letters. */
export const servingProjection = (ports: ProjectionPorts, name: ProjectionName, generation: number): Projection =>
  name === 'models' ? modelsOf(ports, generation) : predictionStatusOf(ports, generation, { announcing: true });

/** All generations share a group: a projector goes on with the next one where it is, and checkpoints say where that is. */
export const startProjectorOf = (
  ports: ProjectionPorts,
  projection: Projection,
  hooks: { readonly gate: BatchGate; readonly onReached: (checkpoint: Checkpoint) => void },
): Promise<RunningProjector> =>
  startProjector({ log: ports.log, projection, group: `hindcast.${projection.name}`, ...hooks, logger: ports.logger });

/** Folds into a generation without anybody hearing of it. */
export const silentProjection = (views: ViewDatabase, name: ProjectionName, generation: number): Projection =>
  name === 'models'
    ? createModelsProjection({ generation, models: views.modelStore(generation), deadLetters: noDeadLetters })
    : createPredictionStatusProjection({
        generation,
        ...predictionStoresOf(views, generation),
        deadLetters: noDeadLetters,
      });

/** One comparer per view of the projection. */
export const comparersOf = (
  views: ViewDatabase,
  name: ProjectionName,
  live: number,
  built: number,
): Readonly<Record<string, ViewComparer>> =>
  name === 'models'
    ? { models: createViewComparer(views.modelStore(live), views.modelStore(built)) }
    : {
        'prediction-status': createViewComparer(views.statusStore(live), views.statusStore(built)),
        'prediction-stats': createViewComparer(views.statsStore(live), views.statsStore(built)),
        'prediction-quality': createViewComparer(views.qualityStore(live), views.qualityStore(built)),
        labels: createViewComparer(views.labelsStore(live), views.labelsStore(built)),
      };
