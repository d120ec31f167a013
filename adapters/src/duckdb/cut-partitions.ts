import {
  ColumnMistake,
  type DatasetPlan,
  type Extracted,
  type ExtractedFile,
  type ExtractionSource,
  type PlannedColumn,
  planColumns,
  readCutAt,
  splitNames,
} from '@hindcast/domain';
import type { ColumnSecrets } from './column-sql.ts';
import type { DuckdbSession } from './duckdb-session.ts';
import { addFolded, dropFolded, foldPartition, noneFolded, type PartitionToFold } from './fold-partition.ts';
import { splitsSql } from './fold-sql.ts';
import { joinTexts } from './join-texts.ts';
import { createSeenLeaves } from './seen-leaves.ts';
import { createSessionLanes } from './session-lanes.ts';
import { spillPartition } from './spill-partition.ts';
import { headerBytesOf, writePart } from './write-part.ts';

export interface CutToMake {
  readonly plan: DatasetPlan;
  readonly source: ExtractionSource;
  readonly folder: string;
  readonly secrets: ColumnSecrets;
  readonly pieceBytes: number;
  /** Sessions that work beside the thread that reads. */
  readonly besideReader: number;
}

interface Counted {
  read(records: number): void;
  folded(records: number): void;
}

type Cut = Omit<Extracted, 'columns' | 'discard'> & { readonly columns: readonly PlannedColumn[] };

/** A partition with rows, and the files that were written of it with the columns that were known then. */
interface WrittenPartition {
  readonly given: PartitionToFold;
  /** As JSON. */
  readonly columns: string;
  readonly files: readonly ExtractedFile[];
}

/**
 * Reads partition after partition, while sessions load what was read, and fold and write what was read whole. Which columns
 * there are is known for sure when all are folded, and mostly after the first: a partition is written at once with those that
 * were seen up to then, and once more where others came later.
 */
export const cutPartitions = async (
  sessions: readonly DuckdbSession[],
  { plan, source, folder, secrets, pieceBytes, besideReader }: CutToMake,
  counted: Counted,
): Promise<Cut> => {
  const { spec, cut } = plan;
  const cutAt = await readCutAt(source.log, cut);
  let sums = noneFolded();
  const seen = createSeenLeaves();
  const lanes = createSessionLanes(sessions, dropFolded, besideReader);
  const written = new Map<number, WrittenPartition>();

  const columnsSeen = (): readonly PlannedColumn[] | undefined => {
    try {
      return planColumns(spec, seen.leaves(), source.versions);
    } catch (error) {
      // What is to be redacted may come yet.
      if (error instanceof ColumnMistake) return undefined;
      throw error;
    }
  };
  const write = async (
    session: DuckdbSession,
    given: PartitionToFold,
    columns: readonly PlannedColumn[] | undefined,
  ): Promise<void> => {
    const { partition } = given.task.range;
    const files: ExtractedFile[] = [];
    const splits = await session.rows(splitsSql);
    if (splits.length === 0) return;
    if (columns) {
      for (const [split, rows] of splits) {
        counted.folded(0);
        const of = { split: String(split), rows: Number(rows) };
        files.push(await writePart(session, { plan, folder, partition, columns, secrets }, of));
      }
    }
    written.set(partition, { given, columns: JSON.stringify(columns ?? null), files });
  };

  let keeping: Promise<unknown> = Promise.resolve();
  const onPage = (records: number): void => {
    lanes.throwIfFailed();
    counted.read(records);
  };
  try {
    for (const range of cut.ranges) {
      const task = { folder, topic: cut.topic, range, model: spec.model, careful: false, pieceBytes };
      const spill = spillPartition(task, source, onPage);
      keeping = Promise.all([keeping, spill.kept]);
      keeping.catch(() => {});
      const given = { spec, cutAt, task, source, spill, onPage: () => counted.folded(0) };
      lanes.give(async (session) => {
        counted.folded(0);
        const folded = await foldPartition(session, given);
        const part = await spill.whole;
        await seen.look(session, part, spec);
        await write(session, given, columnsSeen());
        sums = addFolded(sums, folded);
        counted.folded(part.records);
      });
      await spill.whole;
    }
  } catch (error) {
    lanes.fail(error);
  }
  lanes.openAll();
  await Promise.allSettled([lanes.idle(), keeping]);
  lanes.throwIfFailed();
  await keeping;

  const columns = planColumns(
    sums.accountedFor.rows === 0 ? { ...spec, redact: [] } : spec,
    seen.leaves(),
    source.versions,
  );
  const wanted = JSON.stringify(columns);
  for (const { given } of [...written.values()].filter((one) => one.columns !== wanted)) {
    lanes.give(async (session) => {
      await foldPartition(session, given);
      await write(session, given, columns);
    });
  }
  await lanes.idle();
  lanes.throwIfFailed();
  counted.folded(0);
  const [session] = sessions;
  if (!session) throw new RangeError('There is no session.');
  const [{ partition } = { partition: 0 }] = cut.ranges;
  const writeEmpty = (split: string) =>
    writePart(session, { plan, folder, partition, columns, secrets }, { split, rows: 0 });
  const files: ExtractedFile[] = [];
  const headerBytes = await headerBytesOf(session, { plan, folder, columns });
  // Readers of Parquet take a folder; who reads a text reads one file.
  const joined = (of: readonly ExtractedFile[]) => (spec.format === 'parquet' ? of : joinTexts(of, headerBytes));
  for (const split of splitNames(spec)) {
    const parts = cut.ranges.flatMap(({ partition }) => written.get(partition)?.files ?? []);
    const mine = parts.filter((file) => file.split === split);
    files.push(...(mine.length > 0 ? joined(mine) : [await writeEmpty(split)]));
  }
  return { cutAt, columns, files, ...sums };
};
