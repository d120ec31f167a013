import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** What a column can hold. */
export type Value = string | number | null;

/** Rows for one statement. In one array, since that is what costs least on its way to another thread. */
export interface RowWrites {
  readonly sql: string;
  /** What to run for a row where `sql` changed nothing. */
  readonly otherwise?: string;
  /** Values of a row; 0 for a statement that has none and is run once. */
  readonly columns: number;
  readonly values: Value[];
}

/** Empty where the rows are committed. */
export interface WriterReply {
  readonly failure?: string;
}

export interface ViewWriter {
  /** All of it or nothing. One call at a time. */
  write(writes: readonly RowWrites[]): Promise<void>;
  stop(): Promise<void>;
}

/** The thread's program is always the built one: a plain thread cannot run the sources. */
const threadModule = (): string =>
  createRequire(import.meta.url).resolve('@hindcast/adapters/sqlite/view-writer-thread');

/**
 * Writes to the file on a thread of its own, which is begun when there is something to write, and again if it should
 * ever have failed. It keeps no process alive that has nothing else to do.
 */
export const createViewWriter = (path: string): ViewWriter => {
  let thread: Worker | undefined;
  let settle: ((reply: WriterReply) => void) | undefined;

  const start = (): Worker => {
    const started = new Worker(threadModule(), { workerData: path, execArgv: [] });
    started.on('message', (reply: WriterReply) => settle?.(reply));
    const end = (failure: string): void => {
      // Told twice of one thread, by its error and by its exit: the second may come while the next thread writes.
      if (thread !== started) return;
      thread = undefined;
      settle?.({ failure });
    };
    started.on('error', (error) => end(error.message));
    started.on('exit', (code) => end(`the thread that writes them has ended with ${code}`));
    return started;
  };

  return {
    write: (writes) =>
      new Promise((resolve, reject) => {
        thread ??= start();
        thread.ref();
        settle = ({ failure }) => {
          settle = undefined;
          thread?.unref();
          if (failure === undefined) resolve();
          else reject(new Error(failure));
        };
        thread.postMessage(writes);
      }),
    async stop() {
      if (!thread) return;
      const ended = once(thread, 'exit');
      thread.ref();
      thread.postMessage('close');
      await ended;
    },
  };
};
