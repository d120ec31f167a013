import { join } from 'node:path';
import {
  type Clock,
  PROJECTIONS,
  type ProjectionName,
  type ViewDatabase,
  type ViewGeneration,
  type ViewStore,
} from '@hindcast/domain';
import Database from 'libsql';
import { createGroupCommit } from './view-group-commit.ts';
import { createSqliteViewReader } from './view-reader.ts';
import { modelRows, statsRows, statusRows } from './view-rows.ts';
import { createViewTables, openViewSchema, viewTables } from './view-schema.ts';
import { createSqliteViewStore, type ViewRows } from './view-store.ts';

/** Pages of 4 KiB that the write-ahead log may grow to before they are moved to the file. */
const walPagesMax = 4_000;
const cacheKibMax = 64 * 1024;

/**
 * Views in `views.db` of an existing folder. A power cut may take the newest writes, never parts of one: documents and
 * checkpoints are in one file and go back together, and the log brings them again.
 */
export const openSqliteViews = async ({
  folder,
  now,
}: {
  folder: string;
  now: Clock;
}): Promise<ViewDatabase & { stop(): Promise<void> }> => {
  const db = new Database(join(folder, 'views.db'));
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    PRAGMA wal_autocheckpoint = ${walPagesMax};
    PRAGMA cache_size = -${cacheKibMax};
  `);
  openViewSchema(db);
  const commit = createGroupCommit(db);

  const list = (): ViewGeneration[] =>
    (
      db
        .prepare(
          'SELECT projection, generation, state, created_at FROM view_generations ORDER BY projection DESC, generation',
        )
        .all([]) as {
        projection: ProjectionName;
        generation: number;
        state: ViewGeneration['state'];
        created_at: number;
      }[]
    ).map(({ created_at: createdAt, ...entry }) => ({ ...entry, createdAt }));

  const insertGeneration = db.prepare('INSERT INTO view_generations VALUES (?, ?, ?, ?)');
  const add = (made: ViewGeneration): ViewGeneration => {
    insertGeneration.run([made.projection, made.generation, made.state, made.createdAt]);
    createViewTables(db, made.projection, made.generation);
    return made;
  };
  const known = (projection: ProjectionName, generation: number): ViewGeneration => {
    const found = list().find((entry) => entry.projection === projection && entry.generation === generation);
    if (!found) throw new Error(`There is no generation ${generation} of ${projection}.`);
    return found;
  };

  await commit.write(() => {
    if (list().length > 0) return;
    for (const projection of PROJECTIONS) add({ projection, generation: 1, state: 'live', createdAt: now() });
  });
  const live = new Map<ProjectionName, number>();
  const readPointers = (): void => {
    for (const entry of list()) if (entry.state === 'live') live.set(entry.projection, entry.generation);
  };
  readPointers();

  const stores = new Map<string, ViewStore<never>>();
  const storeOf = <Doc extends { readonly key: string; readonly pos: number }>(
    projection: ProjectionName,
    generation: number,
    rows: ViewRows<Doc>,
  ): ViewStore<Doc> => {
    const made = stores.get(rows.table);
    if (made) return made as ViewStore<Doc>;
    known(projection, generation);
    const store = createSqliteViewStore(db, commit, rows);
    stores.set(rows.table, store as ViewStore<never>);
    return store;
  };

  return {
    reader: createSqliteViewReader(db, (projection) => live.get(projection) ?? 1),
    generations: async () => list(),
    create: (projection) =>
      commit.write(() => {
        const used = list().filter((entry) => entry.projection === projection);
        const generation = Math.max(...used.map((entry) => entry.generation)) + 1;
        return add({ projection, generation, state: 'building', createdAt: now() });
      }),
    async promote(projection, generation) {
      await commit.write(() => {
        known(projection, generation);
        const move = db.prepare('UPDATE view_generations SET state = ? WHERE projection = ? AND state = ?');
        move.run(['previous', projection, 'live']);
        const point = db.prepare("UPDATE view_generations SET state = 'live' WHERE projection = ? AND generation = ?");
        point.run([projection, generation]);
      });
      readPointers();
    },
    async drop(projection, generation) {
      await commit.write(() => {
        if (known(projection, generation).state === 'live') {
          throw new Error(`Generation ${generation} of ${projection} is live.`);
        }
        db.prepare('DELETE FROM view_generations WHERE projection = ? AND generation = ?').run([
          projection,
          generation,
        ]);
        for (const table of viewTables(projection, generation)) {
          stores.delete(table);
          db.prepare('DELETE FROM view_checkpoints WHERE view = ?').run([table]);
          db.exec(`DROP TABLE ${table}`);
        }
      });
    },
    statusStore: (generation) => storeOf('prediction-status', generation, statusRows(generation)),
    statsStore: (generation) => storeOf('prediction-status', generation, statsRows(generation)),
    modelStore: (generation) => storeOf('models', generation, modelRows(generation)),
    async stop() {
      commit.flush();
      db.close();
    },
  };
};
