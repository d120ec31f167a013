import {
  type Clock,
  type CompletionBus,
  type DomainEvent,
  type EventLog,
  evolveLabels,
  evolvePrediction,
  type IdFromText,
  isEnded,
  type LabelEvent,
  type LabelsDoc,
  type Logger,
  labelEventData,
  noLabels,
  type PredictionDoc,
  type PredictionEvent,
  type PredictionQualityDoc,
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
import { fewLabelsAKey } from './few-labels-a-key.ts';
import { foldOrPark } from './fold-or-park.ts';
import { createLabelMatcher, type MatchLabels } from './match-labels.ts';
import { addQualitySteps, type QualityStep, qualityStepsOf } from './prediction-quality.ts';
import { countTransitions, type Transition, transitionsOf } from './prediction-stats.ts';
import { checkpointAfter, type Projection, type ProjectionCounts, type Slice } from './projection.ts';
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
  readonly quality: ViewStore<PredictionQualityDoc>;
  readonly labels: ViewStore<LabelsDoc>;
  readonly deadLetters: DeadLetters;
  /** Left out while a generation is being built: nothing is announced twice. */
  readonly announce?: Announce | undefined;
  /** Left out likewise: it appends to the log. */
  readonly matchLabels?: MatchLabels | undefined;
  readonly evolve?: typeof evolvePrediction;
}

/**
 * Writes the status view and the waiting labels first, then what follows from them: matches of the two, statistics and
 * quality. The checkpoints of all are last: until each of them has moved, a part of the log is folded again after a crash.
 */
export const createPredictionStatusProjection = ({
  generation,
  status,
  stats,
  quality,
  labels,
  deadLetters,
  announce,
  matchLabels,
  evolve = evolvePrediction,
}: PredictionStatusParts): Projection => {
  const views = [status, stats, labels, quality];
  const openDocs = createRecentDocs<PredictionDoc>(openDocsMax);
  const statsDocs = createRecentDocs<PredictionStatsDoc>(statsDocsMax);
  const qualityDocs = createRecentDocs<PredictionQualityDoc>(statsDocsMax);
  const labelsDocs = createRecentDocs<LabelsDoc>(0);

  const foldStatus = (slice: Slice, groups: ReadonlyMap<string, readonly Admitted<PredictionEvent>[]>) => {
    const parked = new Map<string, readonly DeadLetter[]>();
    return readFoldSwap(groups, undefined, {
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
    readFoldSwap(transitions, undefined, {
      store: stats,
      recent: statsDocs.of(slice.partition),
      keeps: () => true,
      fold: countTransitions,
    });

  const foldLabels = async (
    slice: Slice,
    groups: ReadonlyMap<string, readonly Admitted<LabelEvent>[]>,
  ): Promise<readonly LabelsDoc[]> => {
    const parked = new Map<string, readonly DeadLetter[]>();
    const swapped = await readFoldSwap(groups, undefined, {
      store: labels,
      recent: labelsDocs.of(slice.partition),
      keeps: () => false,
      fold(base, key, items) {
        const folded = foldOrPark(base ?? newLabelsDoc(key, items, slice), items, evolveLabels);
        if (folded.refused.length > 0) parked.set(key, folded.refused);
        return folded.doc;
      },
      async beforeSave() {
        await deadLetters.append([...parked.values()].flat());
        parked.clear();
      },
    });
    return Array.from(swapped.values(), ({ doc }) => doc);
  };

  const addQuality = (slice: Slice, steps: ReadonlyMap<string, readonly QualityStep[]>) =>
    readFoldSwap(steps, undefined, {
      store: quality,
      recent: qualityDocs.of(slice.partition),
      keeps: () => true,
      fold: addQualitySteps,
    });

  const projectPart = async (slice: Slice): Promise<ProjectionCounts> => {
    const { groups, refused, unknownTypes } = admitRecords(slice, isOfPredictions);
    await deadLetters.append(refused);
    const { ofPredictions, ofLabels } = apart(groups);
    const [swapped, waiting] = await Promise.all([foldStatus(slice, ofPredictions), foldLabels(slice, ofLabels)]);
    const announced = announce?.(swapped.values());
    const from = slice.records[0]?.offset ?? 0;
    const checkpoint = checkpointAfter(slice);
    const to = checkpoint.next - 1;
    const predictions = Array.from(swapped.values(), ({ doc }) => doc);
    await matchLabels?.({ from, to, predictions, labels: waiting });
    await Promise.all([
      countStats(slice, transitionsOf(predictions, from, to)),
      addQuality(slice, qualityStepsOf(predictions, from, to)),
    ]);
    // At once, so that a store can take them in one command: there are as many for one record as for a thousand.
    await Promise.all(views.map((view) => view.save([], checkpoint)));
    await announced;
    return { unknownTypes, deadLettered: refused.length };
  };

  return {
    name: 'prediction-status',
    generation,
    topic: TOPICS.predictions,
    checkpoints: () => Promise.all(views.map((view) => view.checkpoints())),
    async project(slice) {
      let [unknownTypes, deadLettered] = [0, 0];
      for (const part of fewLabelsAKey(slice)) {
        const counts = await projectPart(part);
        unknownTypes += counts.unknownTypes;
        deadLettered += counts.deadLettered;
      }
      return { unknownTypes, deadLettered };
    },
    forget(partition) {
      for (const docs of [openDocs, statsDocs, qualityDocs, labelsDocs]) docs.forget(partition);
    },
  };
};

const isOfPredictions = (event: DomainEvent): event is PredictionEvent | LabelEvent =>
  Object.hasOwn(predictionEventData, event.type) || isLabelEvent(event);
const isLabelEvent = (event: DomainEvent): event is LabelEvent => Object.hasOwn(labelEventData, event.type);

type Groups<E> = Map<string, readonly Admitted<E>[]>;

/** A key is either a prediction or an address: no id begins as an address does. */
const apart = (groups: ReadonlyMap<string, readonly Admitted<PredictionEvent | LabelEvent>[]>) => {
  const ofPredictions: Groups<PredictionEvent> = new Map();
  const ofLabels: Groups<LabelEvent> = new Map();
  for (const [key, items] of groups) {
    const [first] = items;
    if (first && isLabelEvent(first.event)) ofLabels.set(key, items as readonly Admitted<LabelEvent>[]);
    else ofPredictions.set(key, items as readonly Admitted<PredictionEvent>[]);
  }
  return { ofPredictions, ofLabels };
};

const newDoc = (key: string, [first]: readonly Admitted<PredictionEvent>[], slice: Slice): PredictionDoc => {
  if (!first) throw new Error(`There is no event of ${key}.`);
  const { tenant, subject: id } = first.event;
  return { key, tenant, id, epoch: slice.epoch, partition: slice.partition, pos: -1, state: unknownPrediction };
};

const newLabelsDoc = (key: string, [first]: readonly Admitted<LabelEvent>[], slice: Slice): LabelsDoc => {
  if (!first) throw new Error(`There is no event of ${key}.`);
  const { tenant, subject: address } = first.event;
  return { key, tenant, address, epoch: slice.epoch, partition: slice.partition, pos: -1, state: noLabels };
};

export interface PredictionStatusPorts {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly bus: CompletionBus;
  readonly cache: ResultCache;
  readonly now: Clock;
  readonly idFromText: IdFromText;
  readonly logger?: Logger | undefined;
}

/** The projection of one generation over a view database; it announces what it folds when `announcing`. */
export const predictionStatusOf = (
  ports: PredictionStatusPorts,
  generation: number,
  { announcing }: { announcing: boolean },
): Projection => {
  const { log, views, now, idFromText } = ports;
  const labels = views.labelsStore(generation);
  return createPredictionStatusProjection({
    generation,
    ...predictionStoresOf(views, generation),
    deadLetters: createDeadLetters(log, 'prediction-status'),
    announce: announcing ? createAnnouncer(ports) : undefined,
    matchLabels: announcing ? createLabelMatcher({ log, idFromText, reader: views.reader, labels, now }) : undefined,
  });
};

/** The views that this projection writes. */
export const predictionStoresOf = (views: ViewDatabase, generation: number) => ({
  status: views.statusStore(generation),
  stats: views.statsStore(generation),
  quality: views.qualityStore(generation),
  labels: views.labelsStore(generation),
});
