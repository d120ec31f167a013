import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetPlan, ExtractedFile, PlannedColumn } from '@hindcast/domain';
import { type ColumnSecrets, rowsSql } from './column-sql.ts';
import type { DuckdbSession } from './duckdb-session.ts';
import { identifier, text } from './sql-text.ts';

const rowGroupRows = 40_960;
const copyOptions = {
  // Level 1 writes a twentieth quicker than the usual 3, and files that are no larger.
  parquet: `FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE ${rowGroupRows}`,
  ndjson: 'FORMAT json',
  csv: 'FORMAT csv, HEADER true',
} as const;

export interface PartToWrite {
  readonly plan: DatasetPlan;
  readonly folder: string;
  readonly partition: number;
  readonly columns: readonly PlannedColumn[];
  readonly secrets: ColumnSecrets;
}

export interface WrittenFile extends Omit<ExtractedFile, 'content'> {
  readonly path: string;
}

/** Writes the rows of one split of the partition that is folded in the session. */
export const writePart = async (
  session: DuckdbSession,
  { plan, folder, partition, columns, secrets }: PartToWrite,
  { split, rows }: Pick<ExtractedFile, 'split' | 'rows'>,
): Promise<WrittenFile> => {
  const { format } = plan.spec;
  const name = `part-${String(partition).padStart(5, '0')}.${format}`;
  const path = join(folder, `${split}-${name}`);
  await session.run(
    `COPY (${rowsSql(plan, partition, columns, split, secrets)}) TO ${text(path)} (${copyOptions[format]})`,
  );
  return { name: `${split}/${name}`, split, rows, path };
};

/** With how many bytes each file of these columns begins before its first row. */
export const headerBytesOf = async (
  session: DuckdbSession,
  { plan, folder, columns }: Pick<PartToWrite, 'plan' | 'folder' | 'columns'>,
): Promise<number> => {
  if (plan.spec.format !== 'csv') return 0;
  const path = join(folder, 'header.csv');
  const names = columns.map(({ name }) => `NULL AS ${identifier(name)}`).join(', ');
  await session.run(`COPY (SELECT ${names} WHERE false) TO ${text(path)} (${copyOptions.csv})`);
  return (await stat(path)).size;
};
