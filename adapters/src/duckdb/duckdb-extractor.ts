import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ACCOUNTS,
  type Account,
  type DatasetExtractor,
  type DatasetPlan,
  describeColumn,
  type Extracted,
  type ExtractedFile,
  type ExtractionRun,
  type ExtractionSource,
  noneAccounted,
  type PlannedColumn,
  planColumns,
  recordsIn,
  type Sha256,
  splitNames,
} from '@hindcast/domain';
import { rowsSql } from './column-sql.ts';
import { type DuckdbBounds, type DuckdbSession, openDuckdbSession } from './duckdb-session.ts';
import { accountsSql, brokenSql, chooseSql, foldSql, loadSql, strayRecordsSql } from './fold-sql.ts';
import { seenLeaves } from './seen-leaves.ts';
import { type SpilledPartition, spillPartition } from './spill-partition.ts';
import { text } from './sql-text.ts';

export interface DuckdbExtractorOptions extends DuckdbBounds {
  /** Folder for what is put aside. */
  readonly folder: string;
  readonly sha256: Sha256;
}

/** Changes whenever other bytes come of the same plan: the version of the library is part of it, and of the files. */
const extractorName = 'duckdb-1.5.6/1';
const rowGroupRows = 122_880;

const copyOptions = {
  parquet: `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRows}`,
  ndjson: 'FORMAT json',
  csv: 'FORMAT csv, HEADER true',
} as const;

/** The fold as SQL: the log is copied to files without being parsed, and DuckDB does the rest, with bounded memory. */
export const createDuckdbExtractor = (options: DuckdbExtractorOptions): DatasetExtractor => ({
  name: extractorName,
  formats: ['parquet', 'ndjson', 'csv'],
  async extract(plan, work, source, run) {
    const folder = join(options.folder, work);
    await mkdir(folder, { recursive: true });
    const counted = countSteps(plan, run);
    const spilled: SpilledPartition[] = [];
    for (const range of plan.cut.ranges) {
      const task = { folder, topic: plan.cut.topic, range, model: plan.spec.model, careful: false };
      spilled.push(await spillPartition(task, source, counted.read));
    }
    const database = join(folder, 'fold.duckdb');
    const removeDatabase = () =>
      Promise.all(
        [database, `${database}.wal`, join(folder, 'temporary')].map((path) =>
          rm(path, { force: true, recursive: true }),
        ),
      );
    await removeDatabase();
    const session = await openDuckdbSession(database, join(folder, 'temporary'), options);
    const interrupt = () => session.interrupt();
    run.signal.addEventListener('abort', interrupt);
    try {
      const folded = await foldAll(session, plan, spilled, source, folder, counted);
      const files = await writeFiles(session, plan, folded.columns, folder, { ...options, ...source }, run);
      return {
        ...folded,
        columns: folded.columns.map(describeColumn),
        files,
        discard: () => rm(folder, { recursive: true, force: true }),
      };
    } finally {
      run.signal.removeEventListener('abort', interrupt);
      session.close();
      await removeDatabase();
    }
  },
});

type Counted = ReturnType<typeof countSteps>;

const countSteps = ({ cut }: DatasetPlan, { signal, progress }: ExtractionRun) => {
  const total = 2 * recordsIn(cut);
  let done = 0;
  const step = (detail: string) => (records: number) => {
    signal.throwIfAborted();
    done = Math.min(total, done + records);
    progress({ done, total, detail });
  };
  return { read: step('reading'), folded: step('folding') };
};

type Folded = Omit<Extracted, 'files' | 'columns' | 'discard'> & { readonly columns: readonly PlannedColumn[] };

const foldAll = async (
  session: DuckdbSession,
  { spec, cut }: DatasetPlan,
  spilled: readonly SpilledPartition[],
  source: ExtractionSource,
  folder: string,
  counted: Counted,
): Promise<Folded> => {
  const cutAt = Math.max(0, ...spilled.map(({ lastAt }) => lastAt));
  const accountedFor = noneAccounted();
  const ignored = { repeatedRequests: 0, undecodableRecords: 0 };
  const labelCoverage = { succeeded: 0, labelled: 0, assumed: 0 };
  for (const part of spilled) {
    await session.run(loadSql(part));
    const [[broken] = []] = await session.rows(brokenSql);
    if (Number(broken) > 0) {
      const range = cut.ranges.find(({ partition }) => partition === part.partition) ?? {
        partition: 0,
        from: 0,
        to: 0,
      };
      const task = { folder, topic: cut.topic, range, model: spec.model, careful: true };
      await session.run(loadSql(await spillPartition(task, source, () => counted.folded(0))));
    }
    for (const sql of foldSql(spec, cutAt)) await session.run(sql);
    for (const [name, kind, found] of await session.rows(accountsSql)) {
      const count = Number(found);
      const account = ACCOUNTS.find((known) => known === name) as Account;
      accountedFor[account] += count;
      accountedFor.requests += count;
      if (account !== 'rows' && account !== 'unlabelled') continue;
      labelCoverage.succeeded += count;
      if (kind === 'label') labelCoverage.labelled += count;
      if (kind === 'assumed') labelCoverage.assumed += count;
    }
    const [[unreadable, strays, repeats] = []] = await session.rows(strayRecordsSql);
    accountedFor.requests += Number(unreadable);
    accountedFor.undecodable += Number(unreadable);
    ignored.undecodableRecords += Number(strays);
    ignored.repeatedRequests += Number(repeats);
    await session.run(chooseSql(part.partition));
    counted.folded(part.records);
  }
  await session.run('DROP TABLE IF EXISTS ev');
  const partitions = spilled.map(({ partition }) => partition);
  const seen = await seenLeaves(session, partitions);
  const columns = planColumns(accountedFor.rows === 0 ? { ...spec, redact: [] } : spec, seen);
  return { cutAt, columns, accountedFor, ignored, labelCoverage };
};

const writeFiles = async (
  session: DuckdbSession,
  plan: DatasetPlan,
  columns: readonly PlannedColumn[],
  folder: string,
  { sha256, redactionKey }: DuckdbExtractorOptions & ExtractionSource,
  { signal }: ExtractionRun,
): Promise<readonly ExtractedFile[]> => {
  const { format } = plan.spec;
  // Rows keep their order, and row groups their bounds, only where one thread writes them.
  await session.run('SET threads = 1');
  const files: ExtractedFile[] = [];
  for (const split of splitNames(plan.spec)) {
    signal.throwIfAborted();
    const path = join(folder, `${split}.${format}`);
    const rows = rowsSql(plan, columns, split, { sha256, redactionKey });
    await session.run(`COPY (${rows}) TO ${text(path)} (${copyOptions[format]})`);
    const counts = plan.cut.ranges.map(
      ({ partition }) => `SELECT count(*) AS n FROM chosen_${partition} WHERE split = ${text(split)}`,
    );
    const [[count] = []] = await session.rows(`SELECT sum(n) FROM (${counts.join(' UNION ALL ')})`);
    await stat(path);
    files.push({
      name: `${split}/part-00000.${format}`,
      split,
      rows: Number(count),
      content: () => createReadStream(path),
    });
  }
  return files;
};
