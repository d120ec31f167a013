import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Clock,
  LabelsDoc,
  Logger,
  ModelDoc,
  PredictionDoc,
  PredictionQualityDoc,
  PredictionStatsDoc,
  ViewDatabase,
} from '@hindcast/domain';
import { createMemoryHandOver } from '@hindcast/domain/in-memory';
import type Database from 'libsql';
import { statusRows } from './status-rows.ts';
import { explained } from './unusable-file.ts';
import { openViewConnection } from './view-connection.ts';
import { openViewGenerations, type ViewGenerations } from './view-generations.ts';
import { createSqliteViewReader } from './view-reader.ts';
import { labelsRows, modelRows, qualityRows, statsRows, type ViewRows } from './view-rows.ts';
import { dropViewTables, isOutdated, openViewSchema, viewsRemedy } from './view-schema.ts';
import { createSqliteViewStore, type SqliteViewStore } from './view-store.ts';
import { createWriteBehind } from './view-write-behind.ts';
import { createViewWriter } from './view-writer.ts';

/**
 * Views in `views.db` of an existing folder. What is saved can be read at once and is written a moment later; a crash may
 * take the newest writes, never parts of them: documents and checkpoints are in one file and go back together, and the
 * log brings them again.
 */
export const openSqliteViews = async ({
  folder,
  now,
  logger,
}: {
  folder: string;
  now: Clock;
  logger?: Logger;
}): Promise<ViewDatabase & { stop(): Promise<void> }> => {
  const path = join(folder, 'views.db');
  const { db, generations } = openViewFile(path, now);
  const behind = createWriteBehind(createViewWriter(path), logger);

  const lazily = <Doc extends { readonly key: string; readonly pos: number }>(
    projection: 'prediction-status' | 'models',
    rowsOf: (generation: number) => ViewRows<Doc>,
  ) => {
    const stores = new Map<number, SqliteViewStore<Doc>>();
    return {
      of(generation: number): SqliteViewStore<Doc> {
        const made = stores.get(generation);
        if (made) return made;
        generations.require(projection, generation);
        const store = createSqliteViewStore(db, behind, rowsOf(generation));
        stores.set(generation, store);
        return store;
      },
      discard(generation: number): void {
        stores.get(generation)?.discard();
        stores.delete(generation);
      },
    };
  };
  const status = lazily<PredictionDoc>('prediction-status', statusRows);
  const stats = lazily<PredictionStatsDoc>('prediction-status', statsRows);
  const quality = lazily<PredictionQualityDoc>('prediction-status', qualityRows);
  const labels = lazily<LabelsDoc>('prediction-status', labelsRows);
  const models = lazily<ModelDoc>('models', modelRows);

  const handOver = createMemoryHandOver(async () => generations.list());

  return {
    handOver,
    reader: createSqliteViewReader(db, {
      generation: {
        predictions: () => generations.live('prediction-status'),
        models: () => generations.live('models'),
      },
      status: () => status.of(generations.live('prediction-status')),
      labels: () => labels.of(generations.live('prediction-status')),
      models: () => models.of(generations.live('models')),
      flush: behind.flush,
    }),
    generations: async () => generations.list(),
    create: (projection) => behind.alone(() => generations.create(projection)),
    async promote(projection, generation, under) {
      // The pointer may not be durable before the documents that it points to.
      await behind.flush();
      await behind.alone(() => {
        if (under) handOver.promote(under);
        generations.promote(projection, generation);
      });
    },
    drop: (projection, generation) =>
      behind.write(() => {
        if (generations.require(projection, generation).state === 'live') {
          throw new Error(`Generation ${generation} of ${projection} is live.`);
        }
        const dropped = projection === 'models' ? [models] : [status, stats, quality, labels];
        for (const stores of dropped) stores.discard(generation);
        return dropViewTables(projection, generation);
      }),
    statusStore: status.of,
    statsStore: stats.of,
    qualityStore: quality.of,
    labelsStore: labels.of,
    modelStore: models.of,
    async stop() {
      await behind.stop();
      db.close();
    },
  };
};

interface ViewFile {
  readonly db: Database.Database;
  readonly generations: ViewGenerations;
}

/** The last one to close it empties and removes its write-ahead log. */
const openAnew = (db: Database.Database, path: string, now: Clock): ViewFile => {
  db.close();
  rmSync(path);
  return openViewFile(path, now);
};

const openViewFile = (path: string, now: Clock): ViewFile => {
  let db: Database.Database | undefined;
  try {
    db = openViewConnection(path);
    if (isOutdated(db)) return openAnew(db, path, now);
    openViewSchema(db);
    return { db, generations: openViewGenerations(db, now) };
  } catch (error) {
    db?.close();
    throw explained(error, path, viewsRemedy);
  }
};
