import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DatasetExtractor,
  type DatasetPlan,
  describeColumn,
  type Extracted,
  type ExtractedFile,
  type ExtractionRun,
  type ExtractionSource,
  type PlannedColumn,
  planColumns,
  readCutAt,
  recordsIn,
  type Sha256,
  splitNames,
} from '@hindcast/domain';
import { rowsSql } from './column-sql.ts';
import { type DuckdbBounds, type DuckdbSession, openDuckdbSession } from './duckdb-session.ts';
import { foldPartition, noneFolded } from './fold-partition.ts';
import { createSeenLeaves } from './seen-leaves.ts';
import { spillPartition } from './spill-partition.ts';
import { text } from './sql-text.ts';

export interface DuckdbExtractorOptions extends DuckdbBounds {
  /** Folder for what is put aside. */
  readonly folder: string;
  readonly sha256: Sha256;
}

/** Changes whenever other bytes come of the same plan: the version of the library is part of it, and of the files. */
const extractorName = 'duckdb-1.5.6/3';
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
    const temporary = join(folder, 'temporary');
    const removeTemporary = () => rm(temporary, { force: true, recursive: true });
    await removeTemporary();
    const session = await openDuckdbSession(temporary, options);
    const interrupt = () => session.interrupt();
    run.signal.addEventListener('abort', interrupt);
    try {
      const folded = await foldAll(session, plan, source, folder, countSteps(plan, run));
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
      await removeTemporary();
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

/** Reads a partition while the one before it is folded: one is work of this thread, the other of DuckDB's. */
const foldAll = async (
  session: DuckdbSession,
  { spec, cut }: DatasetPlan,
  source: ExtractionSource,
  folder: string,
  counted: Counted,
): Promise<Folded> => {
  const cutAt = await readCutAt(source.log, cut);
  const sums = noneFolded();
  const seen = createSeenLeaves(session);
  let folding: Promise<void> = Promise.resolve();
  let keeping: Promise<unknown> = Promise.resolve();
  let failure: { readonly error: unknown } | undefined;
  const onPage = (records: number): void => {
    if (failure) throw failure.error;
    counted.read(records);
  };
  try {
    for (const range of cut.ranges) {
      const task = { folder, topic: cut.topic, range, model: spec.model, careful: false };
      const { part, kept } = await spillPartition(task, source, onPage);
      keeping = Promise.all([keeping, kept]);
      keeping.catch(() => {});
      await folding;
      const given = { spec, cutAt, task, source, onPage: () => counted.folded(0) };
      folding = foldPartition(session, part, given, sums)
        .then(() => seen.look(part.partition))
        .then(() => counted.folded(part.records));
      folding.catch((error: unknown) => {
        failure = { error };
      });
    }
  } finally {
    await Promise.allSettled([folding, keeping]);
  }
  await Promise.all([folding, keeping]);
  const columns = planColumns(
    sums.accountedFor.rows === 0 ? { ...spec, redact: [] } : spec,
    seen.leaves(),
    source.versions,
  );
  return { cutAt, columns, ...sums };
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
