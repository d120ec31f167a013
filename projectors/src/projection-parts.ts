import type {
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
import { createModelsProjection, startModelsProjector } from './models.ts';
import {
  createPredictionStatusProjection,
  predictionStoresOf,
  startPredictionStatusProjector,
} from './prediction-status.ts';
import type { Projection } from './projection.ts';
import type { RunningProjector } from './start-projector.ts';

export interface ProjectionPorts {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly bus: CompletionBus;
  readonly cache: ResultCache;
  readonly now: Clock;
  readonly idFromText: IdFromText;
  readonly logger?: Logger | undefined;
}

/** Each generation has a group of its own, which is what makes a new one read from the start. */
const groupOf = (name: ProjectionName, generation: number): string => `hindcast.${name}.v${generation}`;

/** The projector that serves a generation: it announces and stores dead letters. */
export const startProjectorOf = (
  ports: ProjectionPorts,
  name: ProjectionName,
  generation: number,
): Promise<RunningProjector> => {
  const group = groupOf(name, generation);
  return name === 'models'
    ? startModelsProjector(ports, { generation, group })
    : startPredictionStatusProjector(ports, { generation, group });
};

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
