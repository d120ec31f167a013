import { randomUUID } from 'node:crypto';
import type { ProjectionName, ViewGeneration, ViewHold } from '@hindcast/domain';
import type { Collection, Db } from 'mongodb';

/** Another process that moves a pointer at the same time costs one round. */
const roundsMax = 50;
const formatVersion = 2;

export interface Entry extends Omit<ViewGeneration, 'projection'> {
  /** Of this making of the generation: its collections bear the same. */
  readonly stamp: string;
}

/** All generations of one projection in one document, so that a swap of the pointer is one write. */
export interface StoredGenerations {
  readonly _id: ProjectionName;
  readonly format: number;
  /** Of this making of the document: a store that was emptied begins another one. */
  readonly incarnation: string;
  readonly revision: number;
  /** The highest number ever given: none is used twice, so that what is left of a dropped one is nobody's. */
  readonly last: number;
  readonly entries: readonly Entry[];
  readonly hold: Omit<ViewHold, 'projection'> | null;
}

type Change = Partial<Pick<StoredGenerations, 'last' | 'entries' | 'hold'>>;

/** The documents that say which generations there are, and what this process knows of them. */
export interface ViewPointers {
  /** Reads in a way that begins after the call. */
  refresh(): Promise<void>;
  /** Reads where what is known was read more than so long before the call. */
  refreshOlderThan(ms: number): Promise<void>;
  /** undefined where the store has none. */
  known(projection: ProjectionName): StoredGenerations | undefined;
  /** The highest number that this process has ever known of, also where the store has lost it since. 0 where none. */
  lastKnown(projection: ProjectionName): number;
  /** Throws where the store has none. */
  of(projection: ProjectionName): StoredGenerations;
  /** Puts a first document, unless there is one. */
  begin(projection: ProjectionName, last: number, entries: readonly Entry[]): Promise<void>;
  /** `change` sees the newest state, and is asked again where another process was faster. undefined leaves it as it is. */
  swap(projection: ProjectionName, change: (stored: StoredGenerations) => Change | undefined): Promise<void>;
}

export const createViewPointers = (db: Db): ViewPointers => {
  const collection: Collection<StoredGenerations> = db.collection<StoredGenerations>('view_generations');
  const known = new Map<ProjectionName, StoredGenerations>();
  const lasts = new Map<ProjectionName, number>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  let readingNext: Promise<void> | undefined;

  const remember = (stored: StoredGenerations): void => {
    const before = known.get(stored._id);
    const isNewer = before?.incarnation !== stored.incarnation || before.revision < stored.revision;
    if (isNewer) known.set(stored._id, stored);
    lasts.set(stored._id, Math.max(stored.last, lasts.get(stored._id) ?? 0));
  };
  const read = async (): Promise<void> => {
    const at = performance.now();
    const found = await collection.find().toArray();
    for (const stored of found) {
      if (stored.format !== formatVersion) {
        throw new Error(
          `The views of ${db.databaseName} have format ${stored.format}, this program writes format ${formatVersion}. Name another database: it is filled from the log.`,
        );
      }
      remember(stored);
    }
    for (const projection of known.keys()) if (!found.some(({ _id }) => _id === projection)) known.delete(projection);
    readAt = at;
  };
  /** A read that starts after the call, shared with those who ask meanwhile. */
  const refresh = (): Promise<void> => {
    if (reading) {
      readingNext ??= reading
        .catch(() => undefined)
        .then(() => {
          readingNext = undefined;
          return refresh();
        });
      return readingNext;
    }
    reading = read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const of = (projection: ProjectionName): StoredGenerations => {
    const stored = known.get(projection);
    if (stored) return stored;
    throw new Error(`The database ${db.databaseName} has lost its views: a projector brings them back from the log.`);
  };

  return {
    refresh,
    async refreshOlderThan(ms) {
      const enough = performance.now() - ms;
      // A read that is under way may have begun long ago.
      while (readAt < enough) await (reading ?? refresh());
    },
    known: (projection) => known.get(projection),
    lastKnown: (projection) => lasts.get(projection) ?? 0,
    of,
    async begin(projection, last, entries) {
      const incarnation = randomUUID();
      const first = { format: formatVersion, incarnation, revision: 1, last, entries, hold: null };
      await collection.updateOne({ _id: projection }, { $setOnInsert: first }, { upsert: true });
    },
    async swap(projection, change) {
      for (let round = 0; round < roundsMax; round += 1) {
        await refresh();
        const before = of(projection);
        const changed = change(before);
        if (!changed) return;
        const { incarnation, revision } = before;
        const after = { ...before, ...changed, revision: revision + 1 };
        const { matchedCount } = await collection.replaceOne({ _id: projection, incarnation, revision }, after);
        if (matchedCount === 1) return remember(after);
      }
      throw new Error(`The generations of ${projection} were changed by others ${roundsMax} times in a row.`);
    },
  };
};
