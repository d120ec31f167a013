import type { ProjectionName, ViewReader } from '@hindcast/domain';
import type Database from 'libsql';
import { predictionsSql } from './view-query.ts';
import { modelRows, statsRows, statusRows } from './view-rows.ts';
import { modelsTable, statusTable } from './view-schema.ts';
import { readCheckpoints, type ViewRows } from './view-store.ts';

/** Prepared statements kept: one per shape of a query and generation. */
const statementsMax = 256;

export const createSqliteViewReader = (
  db: Database.Database,
  live: (projection: ProjectionName) => number,
): ViewReader => {
  const statements = new Map<string, Database.Statement>();

  const all = <Doc>(rows: ViewRows<Doc>, where: string, values: readonly (string | number)[]): Doc[] => {
    const sql = `SELECT ${rows.read.join(', ')} FROM ${rows.table} ${where.replaceAll('<table>', rows.table)}`;
    let statement = statements.get(sql);
    if (!statement) {
      if (statements.size >= statementsMax) statements.clear();
      statement = db.prepare(sql).raw(true);
      statements.set(sql, statement);
    }
    return (statement.all([...values]) as unknown[][]).map((row) => rows.docOf(row));
  };

  return {
    prediction: async (key) => all(statusRows(live('prediction-status')), 'WHERE key = ?', [key])[0],
    async predictions(query) {
      const { where, values } = predictionsSql(query);
      return all(statusRows(live('prediction-status')), where, values);
    },
    async stats({ tenant, model, since, until }) {
      const where = 'WHERE tenant = ? AND hour >= ? AND hour < ? ORDER BY hour, key';
      const docs = all(statsRows(live('prediction-status')), where, [tenant, since, until]);
      return model === undefined ? docs : docs.filter((doc) => doc.model === model);
    },
    model: async (key) => all(modelRows(live('models')), 'WHERE key = ?', [key])[0],
    models: async (tenant) => all(modelRows(live('models')), 'WHERE tenant = ? ORDER BY key', [tenant]),
    checkpoints: async (projection) =>
      readCheckpoints(db, projection === 'models' ? modelsTable(live('models')) : statusTable(live(projection))),
  };
};
