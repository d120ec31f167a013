import { type Static, Type } from '@sinclair/typebox';
import type { PartitionBounds } from '../event-log.ts';
import { TOPICS } from '../event-log.ts';
import { firstSince } from '../replay.ts';
import type { OffsetRange } from '../replay-cursor.ts';
import { planReplay, type ReadableLog, type ReplayRefusal } from '../replay-plan.ts';

const offset = Type.Integer({ minimum: 0 });

/** A stretch of the predictions topic by positions, never by time: it holds the same records whenever it is read. */
export const logCutSchema = Type.Object(
  {
    logId: Type.String({ description: 'Of the log that it is a stretch of' }),
    epoch: offset,
    ranges: Type.Array(Type.Object({ partition: offset, from: offset, to: offset }, { additionalProperties: false }), {
      description: 'Offsets of each partition: `from` is the first one in it, `to` the first one behind it',
    }),
  },
  { additionalProperties: false, description: 'A stretch of the log' },
);
export type LogCut = Static<typeof logCutSchema>;

/** What a caller names of a stretch; what is left out begins at the start of the log, or ends at its present end. */
export interface CutWish {
  /** Positions. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Log time, ms since 1970: since <= appendedAt < until. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** Fixes a stretch of the log as it is now. Times become the offsets at which they were reached. */
export const cutLog = async (
  log: ReadableLog,
  { from, to, since, until }: CutWish,
): Promise<
  { readonly ok: true; readonly cut: LogCut } | { readonly ok: false; readonly refusal: Pick<ReplayRefusal, 'detail'> }
> => {
  const plan = await planReplay(log, {
    topic: TOPICS.predictions,
    ...(from === undefined ? undefined : { from }),
    ...(to === undefined ? undefined : { to }),
  });
  if (!plan.ok) return plan;
  const bounds = await log.bounds(TOPICS.predictions);
  const ranges: OffsetRange[] = [];
  for (const range of plan.cut) {
    const start = bounds.find(({ partition }) => partition === range.partition)?.start ?? 0;
    const first = await narrowed(log, range, since, Math.max(range.from, start));
    const last = await narrowed(log, { ...range, from: first }, until, range.to);
    ranges.push({ partition: range.partition, from: Math.min(first, last), to: last });
  }
  return { ok: true, cut: { logId: logIdOf(bounds), epoch: plan.epoch, ranges } };
};

const narrowed = (
  log: ReadableLog,
  { partition, from, to }: OffsetRange,
  time: number | undefined,
  otherwise: number,
): number | Promise<number> =>
  time === undefined || from >= to ? otherwise : firstSince(log, TOPICS.predictions, partition, from, to, time);

const logIdOf = (bounds: readonly PartitionBounds[]): string => bounds[0]?.logId ?? '';

export const recordsInCut = ({ ranges }: LogCut): number => ranges.reduce((sum, { from, to }) => sum + to - from, 0);

/** What is wrong with reading a cut from this log; undefined where nothing is. */
export const cutFault = async (log: Pick<ReadableLog, 'bounds'>, cut: LogCut): Promise<string | undefined> => {
  const bounds = await log.bounds(TOPICS.predictions);
  if (logIdOf(bounds) !== cut.logId) return `It is a stretch of the log ${cut.logId}, and this is ${logIdOf(bounds)}.`;
  for (const { partition, from, to } of cut.ranges) {
    const found = bounds.find((one) => one.partition === partition);
    if (!found || to > found.end) return `The log has no offset ${to - 1} in partition ${partition}.`;
    if (from < found.start && from < to) return `Partition ${partition} of the log begins at offset ${found.start}.`;
  }
  return undefined;
};
