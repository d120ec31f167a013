import { type Clock, PROJECTIONS, type ProjectionName, type ViewGeneration } from '@hindcast/domain';
import type Database from 'libsql';
import { addLaterTables, createViewTables } from './view-schema.ts';

export interface ViewGenerations {
  list(): readonly ViewGeneration[];
  live(projection: ProjectionName): number;
  /** Throws where there is none of that number. */
  require(projection: ProjectionName, generation: number): ViewGeneration;
  create(projection: ProjectionName): ViewGeneration;
  promote(projection: ProjectionName, generation: number): void;
}

/** The table of generations and the tables that they stand for, changed together. */
export const openViewGenerations = (db: Database.Database, now: Clock): ViewGenerations => {
  const select = db.prepare(
    'SELECT projection, generation, state, created_at FROM view_generations ORDER BY projection DESC, generation',
  );
  const insert = db.prepare('INSERT INTO view_generations VALUES (?, ?, ?, ?)');
  const demote = db.prepare("UPDATE view_generations SET state = 'previous' WHERE projection = ? AND state = 'live'");
  const raise = db.prepare("UPDATE view_generations SET state = 'live' WHERE projection = ? AND generation = ?");
  const live = new Map<ProjectionName, number>();
  const last = new Map<ProjectionName, number>();

  type Row = { projection: ProjectionName; generation: number; state: ViewGeneration['state']; created_at: number };
  const list = (): ViewGeneration[] =>
    (select.all([]) as Row[]).map(({ created_at: createdAt, ...entry }) => ({ ...entry, createdAt }));
  const transact = <T>(work: () => T): T => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      for (const { projection, generation, state } of list()) if (state === 'live') live.set(projection, generation);
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
  const add = (made: ViewGeneration): ViewGeneration => {
    insert.run([made.projection, made.generation, made.state, made.createdAt]);
    createViewTables(db, made.projection, made.generation);
    return made;
  };
  const require = (projection: ProjectionName, generation: number): ViewGeneration => {
    const found = list().find((entry) => entry.projection === projection && entry.generation === generation);
    if (!found) throw new Error(`There is no generation ${generation} of ${projection}.`);
    return found;
  };

  transact(() => {
    for (const { projection, generation } of list()) addLaterTables(db, projection, generation);
    if (list().length > 0) return;
    for (const projection of PROJECTIONS) add({ projection, generation: 1, state: 'live', createdAt: now() });
  });

  return {
    list,
    live: (projection) => live.get(projection) ?? 1,
    require,
    create: (projection) =>
      transact(() => {
        const used = list().filter((entry) => entry.projection === projection);
        const generation = Math.max(last.get(projection) ?? 1, ...used.map((entry) => entry.generation)) + 1;
        last.set(projection, generation);
        return add({ projection, generation, state: 'building', createdAt: now() });
      }),
    promote: (projection, generation) =>
      transact(() => {
        require(projection, generation);
        demote.run([projection]);
        raise.run([projection, generation]);
      }),
  };
};
