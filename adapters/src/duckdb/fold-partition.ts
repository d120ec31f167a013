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
import { type Spill, type SpillTask, spillPartition } from './spill-partition.ts';

export type FoldedSums = Pick<Extracted, 'accountedFor' | 'ignored' | 'labelCoverage'>;

const addAll = <T extends Readonly<Record<string, number>>>(a: T, b: T): T =>
  Object.fromEntries(Object.entries(a).map(([name, count]) => [name, count + (b[name] ?? 0)])) as T;

export const addFolded = (a: FoldedSums, b: FoldedSums): FoldedSums => ({
  accountedFor: addAll(a.accountedFor, b.accountedFor),
  ignored: addAll(a.ignored, b.ignored),
  labelCoverage: addAll(a.labelCoverage, b.labelCoverage),
});

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
  readonly spill: () => Spill;
  /** Called now and then where the partition has to be read once more; what it throws ends that. */
  readonly onPage: () => void;
}

export const dropFolded = async (session: DuckdbSession): Promise<void> => {
  for (const table of ['req', 'ans', 'acct']) await session.run(`DROP TABLE IF EXISTS ${table}`);
};

const load = async (
  session: DuckdbSession,
  spill: Spill,
  { spec, onPage }: Pick<PartitionToFold, 'spec' | 'onPage'>,
): Promise<void> => {
  // Replaced, its tables would be there twice until their successors are whole.
  await dropFolded(session);
  let isFirst = true;
  for await (const piece of spill.pieces()) {
    for (const sql of loadSql(piece, spec, isFirst)) await session.run(sql);
    isFirst = false;
    onPage();
  }
};

/** Leaves the records of the partition in `req` and `ans` and what became of its requests in `acct`, and answers the sums of that. */
export const foldPartition = async (session: DuckdbSession, given: PartitionToFold): Promise<FoldedSums> => {
  const { spec, cutAt, task, source, spill, onPage } = given;
  await load(session, spill(), given);
  const [[broken] = []] = await session.rows(brokenSql);
  if (Number(broken) > 0) {
    const careful = spillPartition({ ...task, careful: true }, source, onPage);
    await careful.kept;
    await load(session, careful, given);
  }
  for (const sql of foldSql(spec, cutAt)) await session.run(sql);
  const sums = noneFolded();
  const { accountedFor, ignored, labelCoverage } = sums;
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
  await session.run('DROP TABLE won');
  return sums;
};
