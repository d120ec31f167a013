import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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
import { extractedFile, keepPartition, readKeptPartition } from './kept-partition.ts';
import { createSeenLeaves } from './seen-leaves.ts';
import { createSessionLanes } from './session-lanes.ts';
import { recordsSpilled, type Spill, type SpillTask, spillPartition } from './spill-partition.ts';
import { headerBytesOf, type WrittenFile, writePart } from './write-part.ts';

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
  /** What is told at once of what earlier attempts have done: it is counted when it is found again. */
  kept(steps: number): void;
  read(records: number): void;
  folded(records: number): void;
}

type Cut = Omit<Extracted, 'columns' | 'discard'> & { readonly columns: readonly PlannedColumn[] };

/** A partition with rows, and the files that were written of it with the columns that were known then. */
interface WrittenPartition {
  readonly given: PartitionToFold;
  /** As JSON. */
  readonly columns: string;
  readonly files: readonly WrittenFile[];
}

const sum = (steps: readonly number[]): number => steps.reduce((all, one) => all + one, 0);
const sizeOf = ({ from, to }: DatasetPlan['cut']['ranges'][number]): number => to - from;

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
    into = folder,
  ): Promise<WrittenPartition> => {
    const { partition } = given.task.range;
    const files: WrittenFile[] = [];
    const splits = await session.rows(splitsSql);
    for (const [split, rows] of columns ? splits : []) {
      counted.folded(0);
      const of = { split: String(split), rows: Number(rows) };
      files.push(await writePart(session, { plan, folder: into, partition, columns: columns ?? [], secrets }, of));
    }
    const one = { given, columns: splits.length === 0 ? '' : JSON.stringify(columns ?? null), files };
    written.set(partition, one);
    return one;
  };

  const keeping: Promise<void>[] = [];
  const onPage = (records: number): void => {
    lanes.throwIfFailed();
    counted.read(records);
  };
  const keep = (kept: Promise<void>): void => {
    kept.catch(() => {});
    keeping.push(kept);
  };
  const read = (task: SpillTask): Spill => {
    const spill = spillPartition(task, source, onPage);
    keep(spill.kept);
    return spill;
  };
  try {
    const tasks = cut.ranges.map((range) => ({
      ...{ folder, topic: cut.topic, range, model: spec.model, careful: false, pieceBytes },
    }));
    const known = await Promise.all(tasks.map(readKeptPartition));
    const spilled = await Promise.all(tasks.map(recordsSpilled));
    counted.kept(sum(tasks.map(({ range }, at) => (known[at] ? 2 * sizeOf(range) : (spilled[at] ?? 0)))));
    for (const [at, task] of tasks.entries()) {
      let spill: Spill | undefined;
      const given = {
        ...{ spec, cutAt, task, source, onPage: () => counted.folded(0) },
        spill: () => (spill ??= read(task)),
      };
      const kept = known[at];
      if (kept) {
        seen.know(kept.leaves);
        sums = addFolded(sums, kept.sums);
        written.set(task.range.partition, { given, columns: kept.columns, files: kept.files });
        counted.folded(2 * sizeOf(task.range));
        continue;
      }
      const { whole } = given.spill();
      lanes.give(async (session) => {
        counted.folded(0);
        const folded = await foldPartition(session, given);
        const part = await whole;
        await seen.look(session, part, spec);
        const { columns, files } = await write(session, given, columnsSeen());
        sums = addFolded(sums, folded);
        counted.folded(part.records);
        keep(keepPartition(task, { sums: folded, leaves: seen.leaves(), columns, files }));
      });
      await whole;
    }
  } catch (error) {
    lanes.fail(error);
  }
  lanes.openAll();
  await lanes.idle();
  await Promise.allSettled(keeping);
  lanes.throwIfFailed();
  await Promise.all(keeping);

  const columns = planColumns(
    sums.accountedFor.rows === 0 ? { ...spec, redact: [] } : spec,
    seen.leaves(),
    source.versions,
  );
  const wanted = JSON.stringify(columns);
  // What is kept stays as it is: it would be found beside other files otherwise.
  const again = join(folder, 'again');
  await mkdir(again, { recursive: true });
  for (const { given } of [...written.values()].filter((one) => one.columns !== '' && one.columns !== wanted)) {
    lanes.give(async (session) => {
      await foldPartition(session, given);
      await write(session, given, columns, again);
    });
  }
  await lanes.idle();
  await Promise.allSettled(keeping);
  lanes.throwIfFailed();
  await Promise.all(keeping);
  counted.folded(0);
  const [session] = sessions;
  if (!session) throw new RangeError('There is no session.');
  const [{ partition } = { partition: 0 }] = cut.ranges;
  const writeEmpty = (split: string) =>
    writePart(session, { plan, folder, partition, columns, secrets }, { split, rows: 0 }).then(extractedFile);
  const files: ExtractedFile[] = [];
  const headerBytes = await headerBytesOf(session, { plan, folder, columns });
  // Readers of Parquet take a folder; who reads a text reads one file.
  const joined = (of: readonly ExtractedFile[]) => (spec.format === 'parquet' ? of : joinTexts(of, headerBytes));
  for (const split of splitNames(spec)) {
    const parts = cut.ranges.flatMap(({ partition }) => written.get(partition)?.files.map(extractedFile) ?? []);
    const mine = parts.filter((file) => file.split === split);
    files.push(...(mine.length > 0 ? joined(mine) : [await writeEmpty(split)]));
  }
  return { cutAt, columns, files, ...sums };
};
