import { formerQualityViewNames, type ProjectionName, qualityViewName } from '@hindcast/domain';
import type Database from 'libsql';
import { UnusableFile } from './unusable-file.ts';
import type { RowWrites } from './view-writer.ts';

/** Grows with every change of the rows. */
const schemaVersion = 2;
/** Views are folded from the log, and never all that there is of anything. */
export const viewsRemedy =
  'Move it away, with views.db-wal and views.db-shm where they are: it is rebuilt from the log.';

const versionOf = (db: Database.Database): number =>
  (db.prepare('PRAGMA user_version').raw(true).get([]) as [number])[0];

/** Whether the file is of a version before this one: it is of no use, and comes back from the log. */
export const isOutdated = (db: Database.Database): boolean => versionOf(db) > 0 && versionOf(db) < schemaVersion;

/** Tables that hold for all generations. Refuses a file that a later version of this program wrote. */
export const openViewSchema = (db: Database.Database): void => {
  const found = versionOf(db);
  if (found > schemaVersion) {
    throw new UnusableFile(`views.db has format ${found}, this program writes format ${schemaVersion}. ${viewsRemedy}`);
  }
  db.exec(`
    PRAGMA user_version = ${schemaVersion};
    CREATE TABLE IF NOT EXISTS view_generations (
      projection TEXT NOT NULL, generation INTEGER NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
      PRIMARY KEY (projection, generation)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS view_checkpoints (
      view TEXT NOT NULL, partition INTEGER NOT NULL, log_id TEXT NOT NULL, epoch INTEGER NOT NULL, next INTEGER NOT NULL,
      PRIMARY KEY (view, partition)
    ) WITHOUT ROWID;
  `);
};

/** Tables of one generation. The name of a table is also the name of the view in `view_checkpoints`. */
const viewTables = (projection: ProjectionName, generation: number): readonly string[] =>
  projection === 'models'
    ? [modelsTable(generation)]
    : [statusTable(generation), statsTable(generation), qualityViewName(generation), labelsTable(generation)];

export const statusTable = (generation: number): string => `prediction_status_v${generation}`;
export const statsTable = (generation: number): string => `prediction_stats_v${generation}`;
export const labelsTable = (generation: number): string => `labels_v${generation}`;
export const modelsTable = (generation: number): string => `models_v${generation}`;

/**
 * Every prediction pays for every index: two hold them all, the others only the few that they are for. The key's own
 * index is not the table itself, because large rows make a slow tree.
 */
const statusSql = (table: string): string => `
  CREATE TABLE ${table} (
    key TEXT NOT NULL, tenant TEXT NOT NULL, epoch INTEGER NOT NULL, partition INTEGER NOT NULL, pos INTEGER NOT NULL,
    status TEXT NOT NULL, requested_at INTEGER, model TEXT, version INTEGER,
    entity TEXT, reference_id TEXT, batch_id TEXT, body TEXT NOT NULL
  );
  CREATE UNIQUE INDEX ${table}_key ON ${table} (key);
  CREATE INDEX ${table}_time ON ${table} (tenant, requested_at);
  CREATE INDEX ${table}_model ON ${table} (tenant, model, requested_at);
  CREATE INDEX ${table}_status ON ${table} (tenant, status, requested_at) WHERE status <> 'succeeded';
  CREATE INDEX ${table}_entity ON ${table} (tenant, entity, requested_at) WHERE entity IS NOT NULL;
  CREATE INDEX ${table}_reference ON ${table} (tenant, reference_id, requested_at) WHERE reference_id IS NOT NULL;
  CREATE INDEX ${table}_batch ON ${table} (tenant, batch_id, requested_at) WHERE batch_id IS NOT NULL;
`;

const statsSql = (table: string): string => `
  CREATE TABLE ${table} (key TEXT PRIMARY KEY, tenant TEXT NOT NULL, hour INTEGER NOT NULL, pos INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX ${table}_hour ON ${table} (tenant, hour);
`;

/** Views that files of before they were kept do not have: empty tables without a checkpoint, which the projector fills. */
const laterSql = (quality: string, labels: string): string => `
  CREATE TABLE IF NOT EXISTS ${quality} (
    key TEXT PRIMARY KEY, tenant TEXT NOT NULL, model TEXT NOT NULL, hour INTEGER NOT NULL, pos INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS ${quality}_hour ON ${quality} (tenant, model, hour);
  CREATE TABLE IF NOT EXISTS ${labels} (
    key TEXT PRIMARY KEY, tenant TEXT NOT NULL, waiting INTEGER NOT NULL, pos INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS ${labels}_waiting ON ${labels} (tenant, key) WHERE waiting > 0;
`;

const modelsSql = (table: string): string => `
  CREATE TABLE ${table} (key TEXT PRIMARY KEY, tenant TEXT NOT NULL, pos INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX ${table}_tenant ON ${table} (tenant, key);
`;

export const createViewTables = (db: Database.Database, projection: ProjectionName, generation: number): void => {
  if (projection === 'models') db.exec(modelsSql(modelsTable(generation)));
  else {
    db.exec(statusSql(statusTable(generation)) + statsSql(statsTable(generation)));
    addLaterTables(db, projection, generation);
  }
};

/** What a generation that an older version of this program made does not have yet, without what it has in its place. */
export const addLaterTables = (db: Database.Database, projection: ProjectionName, generation: number): void => {
  if (projection === 'models') return;
  const status = statusTable(generation);
  db.exec(laterSql(qualityViewName(generation), labelsTable(generation)));
  for (const former of formerQualityViewNames(generation))
    db.exec(`DROP TABLE IF EXISTS ${former}; DELETE FROM view_checkpoints WHERE view = '${former}'`);
  db.exec(`CREATE INDEX IF NOT EXISTS ${status}_unrequested ON ${status} (tenant, key) WHERE status = 'unknown'`);
};

/** What makes a generation forgotten. Takes as long as its tables are large: some seconds for millions of documents. */
export const dropViewTables = (projection: ProjectionName, generation: number): readonly RowWrites[] => {
  const tables = viewTables(projection, generation);
  return [
    {
      sql: 'DELETE FROM view_generations WHERE projection = ? AND generation = ?',
      columns: 2,
      values: [projection, generation],
    },
    { sql: 'DELETE FROM view_checkpoints WHERE view = ?', columns: 1, values: [...tables] },
    ...tables.map((table) => ({ sql: `DROP TABLE ${table}`, columns: 0, values: [] })),
  ];
};
