import type { ViewDatabase } from '@hindcast/domain';

export interface WatchingReader {
  /** Nobody may read less of a key from now on. */
  see(key: string, pos: number): void;
  /** Reads that said less than what had been read or announced before they began. */
  readonly movedBack: readonly string[];
  readonly failures: readonly string[];
  reads(): number;
  stop(): Promise<void>;
}

/** Without a pause readers would take the store from those whose work they watch, most of all on a machine that is busy. */
const pauseMs = 20;

/** Reads all the time, through several processes' eyes, single documents and lists of them. */
export const startWatchingReader = (processes: readonly ViewDatabase[], key: () => string): WatchingReader => {
  const seen = new Map<string, number>();
  const movedBack: string[] = [];
  const failures: string[] = [];
  let stopping = false;
  let reads = 0;
  const see = (of: string, pos: number): void => void seen.set(of, Math.max(pos, seen.get(of) ?? -1));

  const readOnce = async ({ reader }: ViewDatabase, of: string): Promise<void> => {
    const before = seen.get(of);
    const doc = await reader.prediction(of);
    reads += 1;
    if (before !== undefined && (doc?.pos ?? -1) < before) movedBack.push(`${of} from ${before} to ${doc?.pos}`);
    if (doc) see(of, doc.pos);
    const list = await reader.predictions({ tenant: 'default', limit: 3 });
    for (const listed of list) if (listed.pos < (before ?? -1) && listed.key === of) movedBack.push(`${of} in a list`);
  };
  const run = async (views: ViewDatabase): Promise<void> => {
    while (!stopping) {
      await readOnce(views, key()).catch((error) => failures.push(String(error)));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const running = Promise.all(processes.map(run));
  return {
    see,
    movedBack,
    failures,
    reads: () => reads,
    async stop() {
      stopping = true;
      await running;
    },
  };
};
