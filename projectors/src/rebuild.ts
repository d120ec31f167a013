import type { Clock, EventLog, Logger, ProjectionName, ViewDatabase, ViewGeneration } from '@hindcast/domain';
import type { Comparison } from './compare-views.ts';
import { createGenerationFiller, type FillProgress } from './fill-generation.ts';
import type { Projection } from './projection.ts';
import { comparersOf, silentProjection } from './projection-parts.ts';
import { ProjectionRefused, startsOf } from './projection-start.ts';

/** The live generation moves on while the new one is filled: rounds in which it may stay ahead. */
const chaseRoundsMax = 1_000;
/** A chase that folded no more than this can be finished while nobody folds. */
const chaseRecordsMax = 2_000;

export type RebuildPhase = 'filling' | 'verifying' | 'swapping' | 'done' | 'failed';

export interface RebuildProgress extends FillProgress {
  readonly projection: ProjectionName;
  readonly generation: number;
  readonly phase: RebuildPhase;
  readonly ratePerSecond: number;
  /** Until the fold is done, undefined where nothing is known yet. */
  readonly etaMs: number | undefined;
}

export interface RebuildReport {
  readonly generation: number;
  readonly promoted: boolean;
  readonly folded: number;
  /** By view. undefined where the live views are not of this log, so that there is nothing to compare with. */
  readonly verification: Readonly<Record<string, Comparison>> | undefined;
}

/** How the running projector of the live generation makes room for the next one. */
export interface HandOver {
  /** Resolves when the live generation is folded no more by this process. */
  stop(): Promise<void>;
  /** Starts the projector of a generation at its checkpoints. */
  start(generation: number): Promise<void>;
}

export interface RebuildPorts {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly handOver: HandOver;
  readonly now: Clock;
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fills a new generation beside the live one, compares the two, and moves the pointer. The new generation is never
 * folded past the live one's checkpoint before that, and then goes on from exactly there: what the live one announced is
 * not announced again, and what it had not is announced by its successor. Reads go on throughout.
 */
export const rebuildProjection = async (
  ports: RebuildPorts,
  { projection: name, dryRun }: { projection: ProjectionName; dryRun: boolean },
  onProgress: (progress: RebuildProgress) => void,
): Promise<RebuildReport> => {
  const { views } = ports;
  const live = await liveOf(views, name);
  await dropUnfinished(ports, name);
  const { generation } = await views.create(name);
  const chase = await createChase(ports, name, live, generation, onProgress);

  await chase.untilClose();
  const comparers = chase.comparable ? comparersOf(views, name, live, generation) : undefined;
  chase.enter('verifying');
  for (const comparer of Object.values(comparers ?? {})) await comparer.compareAll();
  const report = (promoted: boolean): RebuildReport => ({
    generation,
    promoted,
    folded: chase.folded(),
    verification:
      comparers && Object.fromEntries(Object.entries(comparers).map(([view, comparer]) => [view, comparer.result()])),
  });
  const settle = async () => {
    await chase.untilThere();
    for (const comparer of Object.values(comparers ?? {})) await comparer.settle();
  };

  if (dryRun) {
    await settle();
    await views.drop(name, generation);
    return report(false);
  }
  chase.enter('swapping');
  await swap(ports, name, live, generation, settle);
  await dropSurplus(views, name, live);
  return report(true);
};

/** Promotes the generation before the live one again, once it has caught up with it. */
export const undoRebuild = async (
  ports: RebuildPorts,
  name: ProjectionName,
  onProgress: (progress: RebuildProgress) => void,
): Promise<{ readonly generation: number }> => {
  const live = await liveOf(ports.views, name);
  const previous = (await generationsOf(ports.views, name)).findLast(({ state }) => state === 'previous');
  if (!previous) throw new Error(`${name} has no previous generation to go back to.`);
  const { generation } = previous;
  const chase = await createChase(ports, name, live, generation, onProgress);
  await chase.untilClose();
  chase.enter('swapping');
  await swap(ports, name, live, generation, () => chase.untilThere());
  return { generation };
};

const swap = async (
  { views, handOver }: RebuildPorts,
  name: ProjectionName,
  live: number,
  generation: number,
  catchUp: () => Promise<void>,
): Promise<void> => {
  await handOver.stop();
  try {
    await catchUp();
    await views.promote(name, generation);
  } catch (error) {
    await handOver.start(live);
    throw error;
  }
  await handOver.start(generation);
};

interface Chase {
  /** false where the live views are of another log: the new generation is then filled to the end of this one. */
  readonly comparable: boolean;
  enter(phase: RebuildPhase): void;
  folded(): number;
  /** Folds until the live generation is only a moment ahead. */
  untilClose(): Promise<void>;
  /** Folds until the live generation was seen not to be ahead. */
  untilThere(): Promise<void>;
}

const createChase = async (
  { log, views, now, signal }: RebuildPorts,
  name: ProjectionName,
  live: number,
  generation: number,
  onProgress: (progress: RebuildProgress) => void,
): Promise<Chase> => {
  const projection = silentProjection(views, name, generation);
  const liveProjection = silentProjection(views, name, live);
  const bounds = await log.bounds(projection.topic);
  const startedAt = now();
  let phase: RebuildPhase = 'filling';
  const tell = ({ folded, total }: FillProgress): void => {
    const ratePerSecond = (folded * 1_000) / Math.max(1, now() - startedAt);
    const etaMs = ratePerSecond > 0 ? ((total - folded) * 1_000) / ratePerSecond : undefined;
    onProgress({ projection: name, generation, phase, folded, total, ratePerSecond, etaMs });
  };
  const starts = await startsOf(projection, bounds);
  const filler = createGenerationFiller({ log, projection, bounds, starts, signal, onProgress: tell });
  const targets = () => targetsOf(log, liveProjection);
  const { comparable } = await targets();

  return {
    comparable,
    enter(next) {
      phase = next;
      tell(filler.progress());
    },
    folded: () => filler.progress().folded,
    async untilClose() {
      for (let round = 0; round < chaseRoundsMax; round++) {
        const before = filler.progress().folded;
        await filler.fillTo((await targets()).nexts);
        if (filler.progress().folded - before <= chaseRecordsMax) return;
      }
      throw new Error(`Generation ${generation} of ${name} cannot catch up with the live one.`);
    },
    async untilThere() {
      for (let round = 0; round < chaseRoundsMax; round++) {
        const { nexts } = await targets();
        if (filler.reaches(nexts)) return;
        await filler.fillTo(nexts);
        // The end of the log never stands still, and nobody has announced anything before it.
        if (!comparable) return;
      }
      throw new Error(`The live generation of ${name} stays ahead of generation ${generation}.`);
    },
  };
};

const targetsOf = async (
  log: EventLog,
  live: Projection,
): Promise<{ readonly comparable: boolean; readonly nexts: ReadonlyMap<number, number> }> => {
  const bounds = await log.bounds(live.topic);
  try {
    return { comparable: true, nexts: await startsOf(live, bounds) };
  } catch (error) {
    if (!(error instanceof ProjectionRefused)) throw error;
    return { comparable: false, nexts: new Map(bounds.map(({ partition, end }) => [partition, end])) };
  }
};

const generationsOf = async (views: ViewDatabase, name: ProjectionName): Promise<readonly ViewGeneration[]> =>
  (await views.generations()).filter(({ projection }) => projection === name);

const liveOf = async (views: ViewDatabase, name: ProjectionName): Promise<number> => {
  const live = (await generationsOf(views, name)).find(({ state }) => state === 'live');
  if (!live) throw new Error(`${name} has no live generation.`);
  return live.generation;
};

/** What a rebuild left behind that was killed. */
const dropUnfinished = async ({ views, logger }: RebuildPorts, name: ProjectionName): Promise<void> => {
  for (const { generation, state } of await generationsOf(views, name)) {
    if (state !== 'building') continue;
    logger?.warn({ projection: name, generation }, 'An unfinished generation is dropped.');
    await views.drop(name, generation);
  }
};

/** The generation that was live until now is kept for undo, older ones are not. */
const dropSurplus = async (views: ViewDatabase, name: ProjectionName, kept: number): Promise<void> => {
  for (const { generation, state } of await generationsOf(views, name)) {
    if (state === 'previous' && generation !== kept) await views.drop(name, generation);
  }
};
