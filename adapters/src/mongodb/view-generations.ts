import { randomUUID } from 'node:crypto';
import {
  type Clock,
  type Logger,
  PROJECTIONS,
  type ProjectionName,
  promotedHold,
  type ViewDatabase,
  type ViewGeneration,
  type ViewHandOver,
} from '@hindcast/domain';
import type { Db } from 'mongodb';
import {
  createCheckpointIndex,
  createCollections,
  createIndexes,
  dropCollections,
  generationsFound,
  markRenewed,
  viewsOf,
} from './view-collections.ts';
import { areWhole } from './view-marks.ts';
import { viewMembers } from './view-members.ts';
import { createViewPointers, type Entry } from './view-pointers.ts';

/** How old the knowledge of the live generation may be when a read begins. */
const pointerAgeMsMax = 250;
/** For clocks of processes that do not run equally fast. */
const pointerMarginMs = 25;
/** Marks of the live generations are looked at this often. */
const marksLookMs = 1_000;

/** One making of a generation. */
export interface MadeGeneration {
  readonly generation: number;
  readonly stamp: string;
}

export interface MongoViewGenerations extends Pick<ViewDatabase, 'generations' | 'create' | 'promote' | 'drop'> {
  readonly handOver: ViewHandOver;
  /** Throws where none is live. Read from the store where it is not known well enough, or where `anew`. */
  live(projection: ProjectionName, anew?: boolean): Promise<MadeGeneration>;
  /** Throws where this process knows of none of that number. */
  require(projection: ProjectionName, generation: number): MadeGeneration;
}

/** Makes whatever the database does not have yet, and removes what is left of dropped generations. */
export const openViewGenerations = async (db: Db, now: Clock, logger?: Logger): Promise<MongoViewGenerations> => {
  const pointers = createViewPointers(db);
  const members = viewMembers(db);
  let marksSeenAt = Number.NEGATIVE_INFINITY;

  const newEntry = (generation: number): Entry => ({
    generation,
    state: 'building',
    createdAt: now(),
    stamp: randomUUID(),
  });
  const entryOf = (projection: ProjectionName, generation: number): Entry => {
    const found = pointers.of(projection).entries.find((entry) => entry.generation === generation);
    if (!found) throw new Error(`There is no generation ${generation} of ${projection}.`);
    return found;
  };
  const liveOf = (projection: ProjectionName): Entry | undefined =>
    pointers.known(projection)?.entries.find(({ state }) => state === 'live');
  const lastFound = async (projection: ProjectionName): Promise<number> =>
    Math.max(0, ...(await generationsFound(db, projection)));

  /** Of several processes that begin at once each makes the same collections, and one moves the pointer. */
  const beginFirst = async (projection: ProjectionName): Promise<void> => {
    const first = (await lastFound(projection)) + 1;
    await pointers.begin(projection, first, [newEntry(first)]);
    await pointers.refresh();
    const { revision, entries } = pointers.of(projection);
    const [entry] = entries;
    if (revision > 1 || !entry) return;
    await createCollections(db, projection, entry);
    await pointers.swap(projection, (stored) =>
      stored.revision === 1 ? { entries: stored.entries.map((one) => moved(one, entry.generation)) } : undefined,
    );
  };
  const migrate = async (): Promise<void> => {
    await createCheckpointIndex(db);
    await pointers.refresh();
    for (const projection of PROJECTIONS) {
      if (!pointers.known(projection)?.entries.some(({ state }) => state !== 'building')) await beginFirst(projection);
      const { last, entries } = pointers.of(projection);
      const used = new Set(entries.map(({ generation }) => generation));
      for (const entry of entries) {
        await createIndexes(db, projection, entry.generation);
        await markRenewed(db, projection, entry);
      }
      for (const generation of await generationsFound(db, projection)) {
        if (generation <= last && !used.has(generation)) await dropCollections(db, projection, generation);
      }
    }
  };

  const isWhole = (projection: ProjectionName, { generation, stamp }: Entry): Promise<boolean> =>
    areWhole(db, viewsOf(projection, generation), stamp);

  /** What the store has lost a part of is live no more, and goes. */
  const putAsideLost = async (projection: ProjectionName): Promise<void> => {
    if (!pointers.known(projection)) {
      logger?.warn({ projection }, 'The store has lost the views: they are brought back from the log.');
      await createCheckpointIndex(db);
      await pointers.begin(projection, Math.max(pointers.lastKnown(projection), await lastFound(projection)), []);
      await pointers.refresh();
    }
    const live = liveOf(projection);
    if (!live || (await isWhole(projection, live))) return;
    logger?.warn({ projection, generation: live.generation }, 'The store has lost a part of the live views.');
    await createCheckpointIndex(db);
    await pointers.swap(projection, ({ entries }) => ({
      entries: entries.filter(({ stamp }) => stamp !== live.stamp),
    }));
    await dropCollections(db, projection, live.generation);
  };
  const lookForLosses = async (): Promise<void> => {
    await pointers.refresh();
    const isDue = performance.now() - marksSeenAt >= marksLookMs;
    for (const projection of PROJECTIONS) {
      if (isDue || !pointers.known(projection)) await putAsideLost(projection);
    }
    if (isDue) marksSeenAt = performance.now();
  };

  const list = (): readonly ViewGeneration[] =>
    PROJECTIONS.flatMap((projection) =>
      pointers.of(projection).entries.map(({ stamp: _, ...entry }) => ({ projection, ...entry })),
    );
  await migrate();

  return {
    async generations() {
      await pointers.refresh();
      return list();
    },
    async live(projection, anew = false) {
      await (anew ? pointers.refresh() : pointers.refreshOlderThan(pointerAgeMsMax));
      const live = pointers.of(projection).entries.find(({ state }) => state === 'live');
      if (!live) throw new Error(`No generation of ${projection} is live: it is brought back from the log.`);
      return live;
    },
    require: entryOf,
    async create(projection) {
      let made: Entry = newEntry(0);
      await pointers.swap(projection, ({ last, entries }) => {
        made = { ...made, generation: last + 1 };
        return { last: last + 1, entries: [...entries, made] };
      });
      await createCollections(db, projection, made);
      const { stamp: _, ...entry } = made;
      return { projection, ...entry };
    },
    async promote(projection, generation, under) {
      if (!(await isWhole(projection, entryOf(projection, generation)))) {
        throw new Error(`The store has lost a part of generation ${generation} of ${projection}.`);
      }
      await pointers.swap(projection, ({ entries, hold }) => {
        if (under && hold?.id !== under.id) throw new Error(`The hold of ${projection} was taken away.`);
        entryOf(projection, generation);
        const after = under ? { id: promotedHold(under).id, by: under.by } : hold;
        return { entries: entries.map((entry) => moved(entry, generation)), hold: after };
      });
      // Readers of all processes may go by what they have read until now.
      await new Promise((resolve) => setTimeout(resolve, pointerAgeMsMax + pointerMarginMs));
    },
    async drop(projection, generation) {
      await pointers.swap(projection, ({ entries }) => {
        if (entryOf(projection, generation).state === 'live') {
          throw new Error(`Generation ${generation} of ${projection} is live.`);
        }
        return { entries: entries.filter((entry) => entry.generation !== generation) };
      });
      await dropCollections(db, projection, generation);
    },
    handOver: {
      async beat(member) {
        await members.put(member);
        await lookForLosses();
        const holds = PROJECTIONS.flatMap((projection) => {
          const { hold } = pointers.of(projection);
          return hold ? [{ projection, ...hold }] : [];
        });
        return { generations: list(), holds, members: await members.all() };
      },
      forget: members.forget,
      async hold({ projection, id, by }) {
        let taken = false;
        await pointers.swap(projection, ({ hold }) => {
          taken = !hold || hold.id === id;
          return taken ? { hold: { id, by } } : undefined;
        });
        return taken;
      },
      release: ({ projection, id }) =>
        pointers.swap(projection, ({ hold }) => (hold?.id === id ? { hold: null } : undefined)),
    },
  };
};

const moved = (entry: Entry, live: number): Entry => {
  if (entry.generation === live) return { ...entry, state: 'live' };
  return entry.state === 'live' ? { ...entry, state: 'previous' } : entry;
};
