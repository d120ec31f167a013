import { type Clock, PROJECTIONS, type ProjectionName, type ViewGeneration } from '@hindcast/domain';
import type { Db } from 'mongodb';
import { createCheckpointIndex, createCollections, dropCollections, generationsFound } from './view-collections.ts';

/** How old the knowledge of the live generation may be. */
const pointerAgeMsMax = 1_000;
/** Another process that moves a pointer at the same time costs one round. */
const roundsMax = 50;
const formatVersion = 1;

type Entry = Omit<ViewGeneration, 'projection'>;

/** All generations of one projection in one document, so that a swap of the pointer is one write. */
interface StoredGenerations {
  readonly _id: ProjectionName;
  readonly format: number;
  readonly revision: number;
  /** The highest number ever given: none is used twice, so that what is left of a dropped one is nobody's. */
  readonly last: number;
  readonly entries: readonly Entry[];
}

export interface MongoViewGenerations {
  list(): Promise<readonly ViewGeneration[]>;
  /** Of the live generation. Read from the store where it is not known well enough, or where `anew`. */
  live(projection: ProjectionName, anew?: boolean): Promise<number>;
  /** Throws where this process knows of none of that number. */
  require(projection: ProjectionName, generation: number): void;
  create(projection: ProjectionName): Promise<ViewGeneration>;
  promote(projection: ProjectionName, generation: number): Promise<void>;
  drop(projection: ProjectionName, generation: number): Promise<void>;
}

/** Makes whatever the database does not have yet, and removes what is left of dropped generations. */
export const openViewGenerations = async (db: Db, now: Clock): Promise<MongoViewGenerations> => {
  const collection = db.collection<StoredGenerations>('view_generations');
  const known = new Map<ProjectionName, StoredGenerations>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  let readingNext: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const at = performance.now();
    for (const stored of await collection.find().toArray()) {
      if (stored.format !== formatVersion) {
        throw new Error(
          `The views of ${db.databaseName} have format ${stored.format}, this program writes format ${formatVersion}. Name another database: it is filled from the log.`,
        );
      }
      remember(stored);
    }
    readAt = at;
  };
  const remember = (stored: StoredGenerations): void => {
    if ((known.get(stored._id)?.revision ?? -1) < stored.revision) known.set(stored._id, stored);
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
    if (!stored)
      throw new Error(`The database ${db.databaseName} has lost its views. Start again: they come from the log.`);
    return stored;
  };
  const entryOf = (projection: ProjectionName, generation: number): Entry => {
    const found = of(projection).entries.find((entry) => entry.generation === generation);
    if (!found) throw new Error(`There is no generation ${generation} of ${projection}.`);
    return found;
  };

  /** `change` sees the newest state, and is asked again where another process was faster. */
  const swap = async (
    projection: ProjectionName,
    change: (stored: StoredGenerations) => Pick<StoredGenerations, 'last' | 'entries'>,
  ): Promise<void> => {
    for (let round = 0; round < roundsMax; round += 1) {
      await refresh();
      const before = of(projection);
      const after = { ...before, ...change(before), revision: before.revision + 1 };
      const { matchedCount } = await collection.replaceOne({ _id: projection, revision: before.revision }, after);
      if (matchedCount === 1) return remember(after);
    }
    throw new Error(`The generations of ${projection} were changed by others ${roundsMax} times in a row.`);
  };

  const migrate = async (): Promise<void> => {
    await createCheckpointIndex(db);
    for (const projection of PROJECTIONS) {
      const first = { generation: 1, state: 'live', createdAt: now() } as const;
      const empty = { format: formatVersion, revision: 1, last: 1, entries: [first] };
      await collection.updateOne({ _id: projection }, { $setOnInsert: empty }, { upsert: true });
    }
    await refresh();
    for (const projection of PROJECTIONS) {
      const { last, entries } = of(projection);
      const used = new Set(entries.map(({ generation }) => generation));
      for (const generation of used) await createCollections(db, projection, generation);
      for (const generation of await generationsFound(db, projection)) {
        if (generation <= last && !used.has(generation)) await dropCollections(db, projection, generation);
      }
    }
  };
  await migrate();

  return {
    async list() {
      await refresh();
      return PROJECTIONS.flatMap((projection) => of(projection).entries.map((entry) => ({ projection, ...entry })));
    },
    async live(projection, anew = false) {
      if (anew) await refresh();
      else if (performance.now() - readAt > pointerAgeMsMax) await (reading ?? refresh());
      return of(projection).entries.find(({ state }) => state === 'live')?.generation ?? 1;
    },
    require: entryOf,
    async create(projection) {
      const createdAt = now();
      let generation = 0;
      await swap(projection, ({ last, entries }) => {
        generation = last + 1;
        return { last: generation, entries: [...entries, { generation, state: 'building', createdAt }] };
      });
      await createCollections(db, projection, generation);
      return { projection, generation, state: 'building', createdAt };
    },
    promote: (projection, generation) =>
      swap(projection, ({ last, entries }) => {
        entryOf(projection, generation);
        return { last, entries: entries.map((entry) => moved(entry, generation)) };
      }),
    async drop(projection, generation) {
      await swap(projection, ({ last, entries }) => {
        if (entryOf(projection, generation).state === 'live') {
          throw new Error(`Generation ${generation} of ${projection} is live.`);
        }
        return { last, entries: entries.filter((entry) => entry.generation !== generation) };
      });
      await dropCollections(db, projection, generation);
    },
  };
};

const moved = (entry: Entry, live: number): Entry => {
  if (entry.generation === live) return { ...entry, state: 'live' };
  return entry.state === 'live' ? { ...entry, state: 'previous' } : entry;
};
