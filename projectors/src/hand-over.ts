import type { ProjectionName, ViewHold } from '@hindcast/domain';
import { createGenerationFiller } from './fill-generation.ts';
import { type ProjectionPorts, servingProjection } from './projection-parts.ts';
import { ProjectionRefused, startsOf } from './projection-start.ts';
import type { ProjectorCrew } from './projector-crew.ts';
import { foldRecordsMax } from './start-projector.ts';

/** Longer than a batch may take whose store answers slowly. */
const holdTimeoutMs = 60_000;

/** How the projectors of a projection, in all processes, make room for another generation. */
export interface HandOver {
  /** Resolves when no batch of the projection begins any more, in any process. */
  hold(signal?: AbortSignal): Promise<HeldProjection>;
  /** Whether the generation has not folded what this process had: the store has lost it. */
  isBehind(generation: number): Promise<boolean>;
}

/** A projection that stands still. */
export interface HeldProjection {
  /** Given when the hold was taken away: another process may be doing the same already. */
  readonly taken: AbortSignal;
  /**
   * Folds into the live generation, and announces, as much as a batch may have written without saving its checkpoint:
   * readers may have seen that, and the batch may belong to a process that is dead, or frozen and still to write.
   * `beside` runs at the same time, and is told how far that is.
   */
  settle(generation: number, beside: (targets: ReadonlyMap<number, number>) => Promise<void>): Promise<void>;
  promote(generation: number): Promise<void>;
  /** Everybody goes on with the generation that is live. */
  release(): Promise<void>;
}

export const settleGeneration = async (
  ports: ProjectionPorts,
  { name, generation, confirm }: { name: ProjectionName; generation: number; confirm: () => Promise<void> },
  beside: (targets: ReadonlyMap<number, number>) => Promise<void>,
): Promise<void> => {
  const { log } = ports;
  const projection = servingProjection(ports, name, generation);
  const bounds = await log.bounds(projection.topic);
  let starts: ReadonlyMap<number, number>;
  try {
    starts = await startsOf(projection, bounds);
  } catch (error) {
    // Of another log: there is nothing to make whole.
    if (error instanceof ProjectionRefused) return;
    throw error;
  }
  const views = await projection.checkpoints();
  const targets = new Map(
    bounds.map(({ partition, start, end }) => {
      const nexts = views.flatMap((all) => all.filter((of) => of.partition === partition).map(({ next }) => next));
      return [partition, Math.min(end, Math.max(start, ...nexts) + foldRecordsMax)];
    }),
  );
  // A process that was frozen until somebody else began may fold no further than that one has found it would.
  await confirm();
  const filler = createGenerationFiller({ log, projection, bounds, starts, onProgress: () => {} });
  await Promise.all([filler.fillTo(targets), beside(targets)]);
};

/** Puts a hold and waits until everybody who lives stands still. Rejects where that takes too long. */
export const holdEverywhere = async (
  crew: ProjectorCrew,
  hold: ViewHold,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const giveUpAt = crew.monotonicMs() + holdTimeoutMs;
  const look = async () => {
    signal?.throwIfAborted();
    if (crew.monotonicMs() > giveUpAt) throw new Error(`The projectors of ${hold.projection} do not stand still.`);
    return crew.nextLook();
  };
  try {
    while (!(await crew.take(hold))) await look();
    while (!crew.hasStopped(hold, await look()));
  } catch (error) {
    await crew.release(hold);
    throw error;
  }
};

/** Rejects where the hold is there no more. */
export const confirmHold = async (crew: ProjectorCrew, hold: ViewHold): Promise<void> => {
  const { holds } = await crew.nextLook();
  if (!holds.some(({ id }) => id === hold.id)) throw new Error(`The hold of ${hold.projection} was taken away.`);
};
