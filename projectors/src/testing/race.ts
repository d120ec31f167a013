import type { RecordedRecord, ViewDatabase, ViewStore } from '@hindcast/domain';
import { createMemoryViews } from '@hindcast/domain/in-memory';
import { type Random, seededRandom } from '@hindcast/domain/testing';
import { noDeadLetters } from '../dead-letters.ts';
import { createPredictionStatusProjection } from '../prediction-status.ts';
import { differences } from './differences.ts';
import { logId, partition, randomRecords, sliceOf } from './one-partition.ts';

type Doc = { readonly key: string; readonly pos: number };
/** Makes a store behave wrongly: the race must then find wrong documents, or it proves nothing. */
export type SpoilStore = <D extends Doc>(
  store: ViewStore<D>,
  gate: Gate,
  view: 'status' | 'stats' | 'quality' | 'labels',
) => ViewStore<D>;
/** A point at which a process may be made to wait, or may die. */
type Gate = () => Promise<void>;

const crash = new Error('The process was killed.');
const crashOneIn = 12;
const crashesMax = 4;
const projectorsAtOnceMax = 2;
const batchRecordsMax = 7;

interface Waiting {
  readonly go: () => void;
  readonly die: (error: Error) => void;
}

/** What the race is run over. */
export interface RaceCourse {
  /** An empty database. */
  readonly views: ViewDatabase;
  /** Lets what was let go come to its next gate: then all is quiet. */
  step(isQuiet: () => boolean): Promise<void>;
}

/**
 * One or two projectors, each of which believes that the partition is its own, over one view database. Before and after every
 * call of a store the scheduler picks who goes on, and now and then who dies; the dead are replaced by a process that
 * starts at the stored checkpoint with other batches. One that is not picked for long is a zombie.
 */
export const race = async (
  seed: number,
  spoil?: SpoilStore,
  { views, step }: RaceCourse = inMemory(),
): Promise<{ status: number; stats: number; quality: number }> => {
  const random = seededRandom(seed);
  const records = randomRecords(random, { keys: 1 + random(6), records: 5 + random(30) });
  const waiting: Waiting[] = [];
  const gate: Gate = () => new Promise((go, die) => waiting.push({ go, die }));
  let alive = 0;
  let crashes = 0;

  const start = (): void => {
    alive += 1;
    project(views, records, random, gate, spoil)
      .catch((error) => {
        if (error !== crash) throw error;
        start();
      })
      .finally(() => {
        alive -= 1;
      });
  };
  for (let i = random(projectorsAtOnceMax); i < projectorsAtOnceMax; i++) start();
  while (alive > 0) {
    const [next] = waiting.splice(random(waiting.length), 1);
    if (next && crashes < crashesMax && random(crashOneIn) === 0) {
      crashes += 1;
      next.die(crash);
    } else next?.go();
    await step(() => waiting.length >= alive);
  }
  const wrong = await differences(views, records);
  return { status: wrong.status.length, stats: wrong.stats.length, quality: wrong.quality.length };
};

const microtasksPerStep = 12;

/** An in-memory store answers within microtasks. */
const inMemory = (): RaceCourse => ({
  views: createMemoryViews({ now: () => 0 }),
  async step() {
    for (let i = 0; i < microtasksPerStep; i++) await null;
  },
});

/** One life of a projector: from the stored checkpoint to the end of the log. */
const project = async (
  views: ViewDatabase,
  records: readonly RecordedRecord[],
  random: Random,
  gate: Gate,
  spoil: SpoilStore = (store) => store,
): Promise<void> => {
  const status = gated(spoil(views.statusStore(1), gate, 'status'), gate);
  const stats = gated(spoil(views.statsStore(1), gate, 'stats'), gate);
  const quality = gated(spoil(views.qualityStore(1), gate, 'quality'), gate);
  const labels = gated(spoil(views.labelsStore(1), gate, 'labels'), gate);
  const stores = { status, stats, quality, labels };
  const projection = createPredictionStatusProjection({ generation: 1, ...stores, deadLetters: noDeadLetters });
  const checkpoints = await projection.checkpoints();
  const nexts = checkpoints.map(
    (view) => view.find((of) => of.partition === partition && of.logId === logId)?.next ?? 0,
  );
  for (let next = Math.min(...nexts); next < records.length; ) {
    const batch = records.slice(next, next + 1 + random(batchRecordsMax));
    await projection.project(sliceOf(batch));
    next += batch.length;
  }
};

const gated = <D extends Doc>(store: ViewStore<D>, gate: Gate): ViewStore<D> => {
  const between = async <T>(call: () => Promise<T>): Promise<T> => {
    await gate();
    const answer = await call();
    await gate();
    return answer;
  };
  return {
    load: (keys) => between(() => store.load(keys)),
    save: (writes, checkpoint) => between(() => store.save(writes, checkpoint)),
    checkpoints: () => between(() => store.checkpoints()),
    scan: () => store.scan(),
  };
};
