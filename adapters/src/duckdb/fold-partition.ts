import {
  ACCOUNTS,
  type Account,
  type DatasetSpec,
  type Extracted,
  type ExtractionSource,
  noneAccounted,
} from '@hindcast/domain';
import type { DuckdbSession } from './duckdb-session.ts';
import { accountsSql, brokenSql, foldSql, loadSql, strayRecordsSql } from './fold-sql.ts';
import { type SpilledPartition, type SpillTask, spillPartition } from './spill-partition.ts';

export type FoldedSums = Pick<Extracted, 'accountedFor' | 'ignored' | 'labelCoverage'>;

export const noneFolded = (): FoldedSums => ({
  accountedFor: noneAccounted(),
  ignored: { repeatedRequests: 0, undecodableRecords: 0 },
  labelCoverage: { succeeded: 0, labelled: 0, assumed: 0 },
});

export interface PartitionToFold {
  readonly spec: DatasetSpec;
  readonly cutAt: number;
  readonly task: SpillTask;
  readonly source: ExtractionSource;
  /** Called now and then where the partition has to be read once more; what it throws ends that. */
  readonly onPage: () => void;
}

/** Leaves the records of the partition in `ev` and what became of its requests in `acct`, and adds that to the sums. */
export const foldPartition = async (
  session: DuckdbSession,
  part: SpilledPartition,
  { spec, cutAt, task, source, onPage }: PartitionToFold,
  { accountedFor, ignored, labelCoverage }: FoldedSums,
): Promise<void> => {
  // Replaced, it would be there twice until its successor is whole.
  await session.run('DROP TABLE IF EXISTS ev');
  await session.run(loadSql(part, spec));
  const [[broken] = []] = await session.rows(brokenSql);
  if (Number(broken) > 0) {
    const careful = await spillPartition({ ...task, careful: true }, source, onPage);
    await session.run(loadSql(careful.part, spec));
    await careful.kept;
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
};
