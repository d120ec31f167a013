import type { Logger } from '@hindcast/domain';
import type Database from 'libsql';

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
  /** Writes at most `max` of what waits, checkpoints last, inside a transaction. Answers what to do once it is committed. */
  write(max: number): () => void;
}

export interface WriteBehind {
  add(outbox: Outbox): void;
  remove(outbox: Outbox): void;
  /** Sees to it that what waits is written soon. Where too much waits it resolves later, or rejects when writing fails. */
  schedule(): Promise<void>;
  /** Writes all that waits, now. */
  flush(): void;
  stop(): void;
}

/**
 * Views need not be durable when a save resolves, since they come back from the log: they only may not show a checkpoint
 * without the documents before it. So documents wait in memory, where loads and reads find them, and go to the file
 * together with their checkpoints. A crash loses both.
 */
export const createWriteBehind = (db: Database.Database, logger?: Logger): WriteBehind => {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const outboxes = new Set<Outbox>();
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  const crowd: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];

  const waiting = (): number => {
    let sum = 0;
    for (const outbox of outboxes) sum += outbox.waiting();
    return sum;
  };

  const writeSome = (max: number): void => {
    const done: (() => void)[] = [];
    begin.run();
    try {
      for (const outbox of outboxes) if (outbox.waiting() > 0) done.push(outbox.write(max));
      commit.run();
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
    for (const settle of done) settle();
  };

  const takeTurn = (): void => {
    turn = undefined;
    try {
      writeSome(Math.max(turnMin, Math.ceil(waiting() * turnShare)));
    } catch (error) {
      logger?.error({ err: error }, 'Views could not be written; they are kept in memory and written later.');
      timer ??= setTimeout(takeTurnNow, retryDelayMs);
      for (const { reject } of crowd.splice(0)) reject(error);
      return;
    }
    const left = waiting();
    if (left <= waitingMax) for (const { resolve } of crowd.splice(0)) resolve();
    if (left > 0) turn = setImmediate(takeTurn);
  };
  const takeTurnNow = (): void => {
    clearTimeout(timer);
    timer = undefined;
    turn ??= setImmediate(takeTurn);
  };
  const flush = (): void => {
    while (waiting() > 0) writeSome(waitingMax);
  };

  return {
    add: (outbox) => outboxes.add(outbox),
    remove: (outbox) => outboxes.delete(outbox),
    flush,
    async schedule() {
      if (waiting() > waitingMax) {
        takeTurnNow();
        await new Promise<void>((resolve, reject) => crowd.push({ resolve, reject }));
      } else if (!turn) timer ??= setTimeout(takeTurnNow, flushDelayMs);
    },
    stop() {
      clearTimeout(timer);
      clearImmediate(turn);
      flush();
    },
  };
};
