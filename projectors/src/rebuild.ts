import {
  type Clock,
  type EventLog,
  JobFailure,
  type Logger,
  type ProjectionName,
  type ViewDatabase,
  type ViewGeneration,
} from '@hindcast/domain';
import type { Comparison } from './compare-views.ts';
import { createGenerationFiller, type FillProgress } from './fill-generation.ts';
import type { HandOver } from './hand-over.ts';
import type { Projection } from './projection.ts';
import { comparersOf, silentProjection } from './projection-parts.ts';
import { ProjectionRefused, startsNow, startsOf } from './projection-start.ts';
import { requireEqual } from './require-equal.ts';

/** The live generation moves on while the new one is filled: rounds in which it may stay ahead. */
const chaseRoundsMax = 1_000;
/** A round of the chase that folded no more than this can be followed by one while nobody folds. */
const chaseRecordsMax = 200;
/** So can a longer one that was hardly shorter than the one before it: on a slow machine a round takes its time, however few its records. */
const chaseRecordsMaxAtLast = 2_000;
const shrinksBelow = 0.8;

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
 * @throws JobFailure `views_differ` where the two are not equal, and nobody forces it: the live one stays
 */
export const rebuildProjection = async (
  ports: RebuildPorts,
  { projection: name, dryRun, force }: { projection: ProjectionName; dryRun: boolean; force: boolean },
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
  // What can be done while others fold need not be done while they stand still.
  await chase.untilClose();
  for (const comparer of Object.values(comparers ?? {})) await comparer.settle({ standing: false });
  const verification = () =>
    comparers && Object.fromEntries(Object.entries(comparers).map(([view, comparer]) => [view, comparer.result()]));
  const report = (promoted: boolean): RebuildReport => ({
    ...{ generation, promoted },
    folded: chase.folded(),
    verification: verification(),
  });
  const finish = async () => {
    await chase.untilThere();
    for (const comparer of Object.values(comparers ?? {})) await comparer.settle({ standing: true });
  };

  if (dryRun) {
    await finish();
    await views.drop(name, generation);
    return report(false);
  }
  chase.enter('swapping');
  const finishEqual = async () => {
    await finish();
    if (!force) requireEqual(name, verification() ?? {});
  };
  try {
    await swap(ports, name, live, generation, { to: chase.to, finish: finishEqual });
  } catch (error) {
    if (error instanceof JobFailure) await views.drop(name, generation);
    throw error;
  }
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
  await swap(ports, name, live, generation, { to: chase.to, finish: chase.untilThere });
  return { generation };
};

const swap = async (
  { views, handOver, now, logger, signal }: RebuildPorts,
  name: ProjectionName,
  live: number,
  generation: number,
  catchUp: CatchUp,
): Promise<void> => {
  const begunAt = now();
  const held = await handOver.hold(signal);
  try {
    const found = await liveOf(views, name);
    if (found !== live) throw new Error(`Generation ${found} of ${name} was put in the place of ${live} meanwhile.`);
    if (await handOver.isBehind(live)) throw new Error(`The views of ${name} are being brought back from the log.`);
    await held.settle(live, catchUp.to);
    await catchUp.finish();
    await held.promote(generation);
  } finally {
    await held.release();
    logger?.info({ projection: name, generation, stoodStillMs: now() - begunAt }, 'The projection goes on.');
  }
};

/** What the new generation has to do while nobody folds. */
interface CatchUp {
  to(targets: ReadonlyMap<number, number>): Promise<void>;
  finish(): Promise<void>;
}

interface Chase {
  /** false where the live views are of another log: the new generation is then filled to the end of this one. */
  readonly comparable: boolean;
  enter(phase: RebuildPhase): void;
  folded(): number;
  /** Folds until the live generation is only a moment ahead. */
  untilClose(): Promise<void>;
  /** Folds up to these first offsets that are not folded. */
  to(targets: ReadonlyMap<number, number>): Promise<void>;
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
    to: (targets) => filler.fillTo(targets),
    async untilClose() {
      let inRoundBefore = Number.POSITIVE_INFINITY;
      for (let round = 0; round < chaseRoundsMax; round++) {
        const before = filler.progress().folded;
        await filler.fillTo((await targets()).nexts);
        const inRound = filler.progress().folded - before;
        const enough = inRound < inRoundBefore * shrinksBelow ? chaseRecordsMax : chaseRecordsMaxAtLast;
        if (inRound <= enough) return;
        inRoundBefore = inRound;
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
  try {
    return { comparable: true, nexts: (await startsNow(live, log)).starts };
  } catch (error) {
    if (!(error instanceof ProjectionRefused)) throw error;
    const bounds = await log.bounds(live.topic);
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
export const dropUnfinished = async (
  { views, logger }: Pick<RebuildPorts, 'views' | 'logger'>,
  name: ProjectionName,
): Promise<void> => {
  for (const { generation, state } of await generationsOf(views, name)) {
    if (state !== 'building') continue;
    logger?.warn({ projection: name, generation }, 'An unfinished generation is dropped.');
    await views.drop(name, generation);
  }
};

/** The generation that was live until now is kept for undo, older ones are not. */
export const dropSurplus = async (views: ViewDatabase, name: ProjectionName, kept: number): Promise<void> => {
  for (const { generation, state } of await generationsOf(views, name)) {
    if (state === 'previous' && generation !== kept) await views.drop(name, generation);
  }
};
