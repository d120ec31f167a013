import type { KeyPage, LabelsDoc, ModelDoc, PredictionDoc, ViewReader } from '@hindcast/domain';
import type Database from 'libsql';
import { statusRows } from './status-rows.ts';
import { predictionsSql } from './view-query.ts';
import { labelsRows, modelRows, qualityRows, statsRows, type ViewRows } from './view-rows.ts';
import type { SqliteViewStore } from './view-store.ts';

/** Prepared statements kept: one per shape of a query and generation. */
const statementsMax = 256;

/** The live generations, and their stores. */
export interface LiveViews {
  readonly generation: { predictions(): number; models(): number };
  status(): SqliteViewStore<PredictionDoc>;
  labels(): SqliteViewStore<LabelsDoc>;
  models(): SqliteViewStore<ModelDoc>;
  /** Writes what waits, so that a query over a whole table sees it. */
  flush(): void;
}

export const createSqliteViewReader = (db: Database.Database, live: LiveViews): ViewReader => {
  const statements = new Map<string, Database.Statement>();

  const all = <Doc>(rows: ViewRows<Doc>, where: string, values: readonly (string | number)[]): Doc[] => {
    live.flush();
    const sql = `SELECT ${rows.read.join(', ')} FROM ${rows.table} ${where.replaceAll('<table>', rows.table)}`;
    let statement = statements.get(sql);
    if (!statement) {
      if (statements.size >= statementsMax) statements.clear();
      statement = db.prepare(sql).raw(true);
      statements.set(sql, statement);
    }
    return (statement.all([...values]) as unknown[][]).map((row) => rows.docOf(row));
  };

  const keyPage = <Doc>(rows: ViewRows<Doc>, condition: string, { tenant, limit, after = '' }: KeyPage): Doc[] =>
    all(rows, `WHERE tenant = ? AND key > ? AND ${condition} ORDER BY key LIMIT ?`, [tenant, after, limit]);

  return {
    prediction: async (key) => live.status().get(key),
    async predictions(query) {
      const { where, values } = predictionsSql(query);
      return all(statusRows(live.generation.predictions()), where, values);
    },
    async stats({ tenant, model, since, until }) {
      const where = 'WHERE tenant = ? AND hour >= ? AND hour < ? ORDER BY hour, key';
      const docs = all(statsRows(live.generation.predictions()), where, [tenant, since, until]);
      return model === undefined ? docs : docs.filter((doc) => doc.model === model);
    },
    quality: async ({ tenant, model, since, until }) => {
      const where = 'WHERE tenant = ? AND model = ? AND hour >= ? AND hour < ? ORDER BY hour, key';
      return all(qualityRows(live.generation.predictions()), where, [tenant, model, since, until]);
    },
    labels: async (key) => live.labels().get(key),
    waitingLabels: async (page) => keyPage(labelsRows(live.generation.predictions()), 'waiting > 0', page),
    unrequested: async (page) => keyPage(statusRows(live.generation.predictions()), "status = 'unknown'", page),
    model: async (key) => live.models().get(key),
    models: async (tenant) => all(modelRows(live.generation.models()), 'WHERE tenant = ? ORDER BY key', [tenant]),
    checkpoints: (projection) => (projection === 'models' ? live.models() : live.status()).checkpoints(),
  };
};
