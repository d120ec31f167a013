import type { Logger } from '@hindcast/domain';
import type { RowWrites, ViewWriter } from './view-writer.ts';

/** How long a write may wait for others: most predictions end within it, also under load, and are then written once instead of twice. */
const flushDelayMs = 1_000;
/** Documents that may wait before a save waits for them to be written. */
const waitingMax = 10_000;
/** Documents of a view written before other work gets its turn, a few milliseconds; where more waits, this part of it. */
const turnMin = 250;
const turnShare = 0.25;
const retryDelayMs = 1_000;

/** Where documents wait to be written, one per table. */
export interface Outbox {
  /** Documents and checkpoints that wait. */
  waiting(): number;
  /** At most `max` documents of what waits, checkpoints with the last. They wait on until `written` is called. */
  take(max: number): { readonly writes: readonly RowWrites[]; written(): void };
}

export interface WriteBehind {
  add(outbox: Outbox): void;
  remove(outbox: Outbox): void;
  /** Sees to it that what waits is written soon. Where too much waits it resolves later, or rejects when writing fails. */
  schedule(): Promise<void>;
  /** Writes all that waits now. */
  flush(): Promise<void>;
  /** Writes what it is told when its turn has come, all of it or nothing, and nothing else meanwhile. */
  write(writes: () => readonly RowWrites[]): Promise<void>;
  /** Runs the work, which does not wait for anything, while nothing is being written. */
  alone<T>(work: () => T): Promise<Awaited<T>>;
  stop(): Promise<void>;
}

/**
 * Views need not be durable when a save resolves, since they come back from the log: they only may not show a checkpoint
 * without the documents before it. So documents wait in memory, where loads and reads find them until they are committed, and
 * go to the file together with their checkpoints. A crash loses both.
 */
export const createWriteBehind = (writer: ViewWriter, logger?: Logger): WriteBehind => {
  const outboxes = new Set<Outbox>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let draining = false;
  const crowd: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  const waiting = (): number => {
    let sum = 0;
    for (const outbox of outboxes) sum += outbox.waiting();
    return sum;
  };

  const writeSome = async (max: number): Promise<void> => {
    const taken = [...outboxes].filter((outbox) => outbox.waiting() > 0).map((outbox) => outbox.take(max));
    await writer.write(taken.flatMap(({ writes }) => writes).filter(({ values }) => values.length > 0));
    for (const { written } of taken) written();
  };
  // Who goes on after a wait looks again: another may have been quicker.
  const alone = async <T>(work: () => T): Promise<Awaited<T>> => {
    while (writing) await writing;
    return await work();
  };
  const asTurn = (turn: Promise<void>): Promise<void> => {
    writing = turn
      .catch(() => {})
      .finally(() => {
        writing = undefined;
      });
    return turn;
  };
  const takeTurn = (share: number): Promise<void> =>
    alone(() => {
      if (waiting() > 0) return asTurn(writeSome(Math.max(turnMin, Math.ceil(waiting() * share))));
    });

  const drain = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (draining) return;
    draining = true;
    try {
      while (waiting() > 0) {
        await takeTurn(turnShare);
        if (waiting() <= waitingMax) for (const { resolve } of crowd.splice(0)) resolve();
      }
    } catch (error) {
      logger?.error({ err: error }, 'Views could not be written; they are kept in memory and written later.');
      timer ??= setTimeout(drain, retryDelayMs);
      for (const { reject } of crowd.splice(0)) reject(error);
    } finally {
      draining = false;
    }
  };

  return {
    add: (outbox) => outboxes.add(outbox),
    remove: (outbox) => outboxes.delete(outbox),
    flush: () => takeTurn(1),
    write: (writes) => alone(() => asTurn(writer.write(writes()))),
    alone,
    async schedule() {
      if (waiting() > waitingMax) {
        const room = new Promise<void>((resolve, reject) => crowd.push({ resolve, reject }));
        void drain();
        await room;
      } else if (!draining) timer ??= setTimeout(drain, flushDelayMs);
    },
    async stop() {
      clearTimeout(timer);
      while (waiting() > 0) await takeTurn(1);
      await writer.stop();
    },
  };
};
