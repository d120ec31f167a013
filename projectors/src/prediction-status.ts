import {
  type CompletionBus,
  type DomainEvent,
  type EventLog,
  evolvePrediction,
  isEnded,
  type Logger,
  type PredictionDoc,
  type PredictionEvent,
  type PredictionStatsDoc,
  predictionEventData,
  type ResultCache,
  TOPICS,
  unknownPrediction,
  type ViewDatabase,
  type ViewStore,
} from '@hindcast/domain';
import { type Admitted, admitRecords } from './admit-records.ts';
import { type Announce, createAnnouncer } from './announce-ended.ts';
import { createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts';
import { foldOrPark } from './fold-or-park.ts';
import { countTransitions, type Transition, transitionsOf } from './prediction-stats.ts';
import { checkpointAfter, type Projection, type Slice } from './projection.ts';
import { readFoldSwap } from './read-fold-swap.ts';
import { createRecentDocs } from './recent-docs.ts';

/** Open predictions whose documents are kept at hand, per partition. */
const openDocsMax = 10_000;
/** Statistics documents kept at hand, per partition: model versions times the hours under way. */
const statsDocsMax = 500;

export interface PredictionStatusParts {
  readonly generation: number;
  readonly status: ViewStore<PredictionDoc>;
  readonly stats: ViewStore<PredictionStatsDoc>;
  readonly deadLetters: DeadLetters;
  /** Left out while a generation is being built: nothing is announced twice. */
  readonly announce?: Announce | undefined;
  readonly evolve?: typeof evolvePrediction;
}

/** Writes the status view first, then the statistics that follow from its accepted transitions. */
export const createPredictionStatusProjection = ({
  generation,
  status,
  stats,
  deadLetters,
  announce,
  evolve = evolvePrediction,
}: PredictionStatusParts): Projection => {
  const openDocs = createRecentDocs<PredictionDoc>(openDocsMax);
  const statsDocs = createRecentDocs<PredictionStatsDoc>(statsDocsMax);

  const foldStatus = (slice: Slice, groups: ReadonlyMap<string, readonly Admitted<PredictionEvent>[]>) => {
    const parked = new Map<string, readonly DeadLetter[]>();
    return readFoldSwap(groups, checkpointAfter(slice), {
      store: status,
      recent: openDocs.of(slice.partition),
      isNew: (items) => items[0]?.event.type === 'PredictionRequested',
      keeps: (doc) => !isEnded(doc.state),
      fold(base, key, items) {
        const folded = foldOrPark(base ?? newDoc(key, items, slice), items, evolve);
        if (folded.refused.length > 0) parked.set(key, folded.refused);
        return folded.doc;
      },
      async beforeSave() {
        await deadLetters.append([...parked.values()].flat());
        parked.clear();
      },
    });
  };

  const countStats = (slice: Slice, transitions: ReadonlyMap<string, readonly Transition[]>) =>
    readFoldSwap(transitions, checkpointAfter(slice), {
      store: stats,
      recent: statsDocs.of(slice.partition),
      keeps: () => true,
      fold: countTransitions,
    });

  return {
    name: 'prediction-status',
    generation,
    topic: TOPICS.predictions,
    checkpoints: () => Promise.all([status.checkpoints(), stats.checkpoints()]),
    async project(slice) {
      const { groups, refused, unknownTypes } = admitRecords(slice, isPredictionEvent);
      await deadLetters.append(refused);
      const swapped = await foldStatus(slice, groups);
      const announced = announce?.(swapped.values());
      const from = slice.records[0]?.offset ?? 0;
      const docs = Array.from(swapped.values(), ({ doc }) => doc);
      await countStats(slice, transitionsOf(docs, from, checkpointAfter(slice).next - 1));
      await announced;
      return { unknownTypes, deadLettered: refused.length };
    },
    forget(partition) {
      openDocs.forget(partition);
      statsDocs.forget(partition);
    },
  };
};

const isPredictionEvent = (event: DomainEvent): event is PredictionEvent =>
  Object.hasOwn(predictionEventData, event.type);

const newDoc = (key: string, [first]: readonly Admitted<PredictionEvent>[], slice: Slice): PredictionDoc => {
  if (!first) throw new Error(`There is no event of ${key}.`);
  const { tenant, subject: id } = first.event;
  return { key, tenant, id, epoch: slice.epoch, partition: slice.partition, pos: -1, state: unknownPrediction };
};

export interface PredictionStatusPorts {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly bus: CompletionBus;
  readonly cache: ResultCache;
  readonly logger?: Logger | undefined;
}

/** The projection of one generation over a view database; it announces what it folds when `announcing`. */
export const predictionStatusOf = (
  { log, views, bus, cache, logger }: PredictionStatusPorts,
  generation: number,
  { announcing }: { announcing: boolean },
): Projection =>
  createPredictionStatusProjection({
    generation,
    status: views.statusStore(generation),
    stats: views.statsStore(generation),
    deadLetters: createDeadLetters(log, 'prediction-status'),
    announce: announcing ? createAnnouncer({ bus, cache, logger }) : undefined,
  });
