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
  flush(): Promise<void>;
}

export const createSqliteViewReader = (db: Database.Database, live: LiveViews): ViewReader => {
  const statements = new Map<string, Database.Statement>();

  const status = () => statusRows(live.generation.predictions());
  const stats = () => statsRows(live.generation.predictions());
  const quality = () => qualityRows(live.generation.predictions());
  const labels = () => labelsRows(live.generation.predictions());
  const models = () => modelRows(live.generation.models());

  const all = async <Doc>(
    liveRows: () => ViewRows<Doc>,
    where: string,
    values: readonly (string | number)[],
  ): Promise<Doc[]> => {
    await live.flush();
    // Asked now, since a swap may have come meanwhile.
    const rows = liveRows();
    const sql = `SELECT ${rows.read.join(', ')} FROM ${rows.table} ${where.replaceAll('<table>', rows.table)}`;
    let statement = statements.get(sql);
    if (!statement) {
      if (statements.size >= statementsMax) statements.clear();
      statement = db.prepare(sql).raw(true);
      statements.set(sql, statement);
    }
    return (statement.all([...values]) as unknown[][]).map((row) => rows.docOf(row));
  };

  const keyPage = <Doc>(
    rows: () => ViewRows<Doc>,
    condition: string,
    { tenant, limit, after = '' }: KeyPage,
  ): Promise<Doc[]> =>
    all(rows, `WHERE tenant = ? AND key > ? AND ${condition} ORDER BY key LIMIT ?`, [tenant, after, limit]);

  return {
    prediction: async (key) => live.status().get(key),
    async predictions(query) {
      const { where, values } = predictionsSql(query);
      return all(status, where, values);
    },
    async stats({ tenant, model, since, until }) {
      const where = 'WHERE tenant = ? AND hour >= ? AND hour < ? ORDER BY hour, key';
      const docs = await all(stats, where, [tenant, since, until]);
      return model === undefined ? docs : docs.filter((doc) => doc.model === model);
    },
    quality: async ({ tenant, model, since, until }) => {
      const where = 'WHERE tenant = ? AND model = ? AND hour >= ? AND hour < ? ORDER BY hour, key';
      return all(quality, where, [tenant, model, since, until]);
    },
    labels: async (key) => live.labels().get(key),
    waitingLabels: async (page) => keyPage(labels, 'waiting > 0', page),
    unrequested: async (page) => keyPage(status, "status = 'unknown'", page),
    model: async (key) => live.models().get(key),
    models: async (tenant) => all(models, 'WHERE tenant = ? ORDER BY key', [tenant]),
    checkpoints: (projection) => (projection === 'models' ? live.models() : live.status()).checkpoints(),
  };
};
