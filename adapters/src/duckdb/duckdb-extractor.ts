import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DatasetExtractor,
  type DatasetPlan,
  describeColumn,
  type ExtractionRun,
  recordsIn,
} from '@hindcast/domain';
import type { ColumnSecrets } from './column-sql.ts';
import { cutPartitions } from './cut-partitions.ts';
import { type DuckdbBounds, openDuckdbSessions } from './duckdb-session.ts';

export interface DuckdbExtractorOptions extends DuckdbBounds, Pick<ColumnSecrets, 'sha256'> {
  /** Folder for what is put aside. */
  readonly folder: string;
  /** How much of the log is put aside before it is loaded. DuckDB takes some 50 ms for so much: that is left to be loaded when all is read. */
  readonly pieceBytes?: number;
}

/** Changes whenever other bytes come of the same plan: the version of the library is part of it, and of the files. */
const extractorName = 'duckdb-1.5.6/10';
/** More would wait for the one that reads the log. */
const sessionsMax = 2;
/** Least part of the memory that a session can do with, beside others. */
const sessionBytesMin = 96 * 1_048_576;
const usualPieceBytes = 16 * 1_048_576;

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
    const { pieceBytes = usualPieceBytes } = options;
    const threads = Math.max(
      1,
      Math.min(options.threads, sessionsMax, Math.floor(options.memoryBytesMax / sessionBytesMin)),
    );
    // Three threads on two cores would all be slower, and leave more to be done by one of them at the end.
    const besideReader = Math.max(1, Math.min(threads, options.threads - 1));
    const duckdb = await openDuckdbSessions(temporary, { ...options, threads });
    run.signal.addEventListener('abort', duckdb.interrupt);
    try {
      const secrets = { sha256: options.sha256, redactionKey: source.redactionKey };
      const { columns, ...cut } = await cutPartitions(
        duckdb.sessions,
        { plan, source, folder, secrets, pieceBytes, besideReader },
        countSteps(plan, run),
      );
      const discard = () => rm(folder, { recursive: true, force: true });
      return { ...cut, columns: columns.map(describeColumn), discard };
    } finally {
      run.signal.removeEventListener('abort', duckdb.interrupt);
      duckdb.close();
      await removeTemporary();
    }
  },
});

const countSteps = ({ cut }: DatasetPlan, { signal, progress }: ExtractionRun) => {
  const total = 2 * recordsIn(cut);
  let least = 0;
  let done = 0;
  const step = (detail: string) => (records: number) => {
    signal.throwIfAborted();
    done = Math.min(total, done + records);
    progress({ done: Math.max(least, done), total, detail });
  };
  const [read, folded] = [step('reading'), step('folding')];
  const kept = (steps: number): void => {
    least = steps;
    read(0);
  };
  return { kept, read, folded };
};
