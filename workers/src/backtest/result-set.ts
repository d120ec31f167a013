import type { ArtifactStore, BacktestState, DataRef, PastPlace } from '@hindcast/domain';

/**
 * A file of rows ends when it has so many characters, or is so old: what is not in one is done again after a crash, and is
 * lost where the job is canceled. A young job, which may be canceled soon, writes sooner: after this share of its age.
 */
const fileCharsMax = 4 * 1_048_576;
const fileMsMax = 20_000;
const fileMsMin = 1_000;
const fileAgeShare = 0.05;
/** A character takes at most three bytes. */
const fileBytesMax = 64 * 1_048_576;
const stateBytesMax = 256 * 1_048_576;

export interface BacktestCheckpoint {
  /** The `BacktestState`, as JSON. */
  readonly state: DataRef;
  readonly places: readonly PastPlace[];
}

/** Rows and counts of a backtest on their way to the store: what is told of one is always told of the other. */
export interface ResultSet {
  /** Counts of the moment. */
  readonly state: BacktestState;
  add(line: string): void;
  /** In the same turn in which all of a page was added. */
  reached(place: PastPlace): void;
  /** Writes what there is, if it is time and there is something new. undefined: it was not. */
  save(now: 'if due' | 'all'): Promise<BacktestCheckpoint | undefined>;
}

export const createResultSet = (
  artifacts: Pick<ArtifactStore, 'put'>,
  clock: () => number,
  state: BacktestState,
  known: readonly PastPlace[],
): ResultSet => {
  const places = new Map(known.map((place) => [place.partition, place]));
  let lines: string[] = [];
  let chars = 0;
  const startedAt = clock();
  let savedAt = startedAt;
  let isChanged = false;
  let saving: Promise<BacktestCheckpoint | undefined> = Promise.resolve(undefined);

  const write = async (): Promise<BacktestCheckpoint> => {
    const rows = lines;
    // All of one moment: what is added while the files are written belongs to the next ones.
    const moment = structuredClone(state);
    const reached = [...places.values()];
    lines = [];
    chars = 0;
    savedAt = clock();
    isChanged = false;
    if (rows.length > 0) {
      const file = { ...(await artifacts.put(encoded(`${rows.join('\n')}\n`), fileBytesMax)), rows: rows.length };
      state.files.push(file);
      moment.files.push(file);
    }
    return { state: await artifacts.put(encoded(JSON.stringify(moment)), stateBytesMax), places: reached };
  };

  return {
    state,
    add(line) {
      lines.push(line);
      chars += line.length;
    },
    reached(place) {
      places.set(place.partition, place);
      isChanged = true;
    },
    save(now) {
      const isOld = (at: number) =>
        at - savedAt >= Math.min(fileMsMax, Math.max(fileMsMin, fileAgeShare * (at - startedAt)));
      const isDue = () => now === 'all' || chars >= fileCharsMax || (isChanged && isOld(clock()));
      const next = saving.catch(() => undefined).then(async () => (isDue() ? write() : undefined));
      saving = next;
      return next;
    },
  };
};

async function* encoded(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
