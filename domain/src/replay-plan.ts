import { type EventLog, formatPosition, type PartitionBounds, type Position, type Topic } from './event-log.ts';
import { type OffsetRange, parseCursor, parsePositions } from './replay-cursor.ts';

/** The part of the log that a replay needs. */
export type ReadableLog = Pick<EventLog, 'read' | 'bounds'>;

/** Which stretch of a topic to read. Texts are lists of positions, or (in `from`) the cursor of a line. */
export interface ReplayRange {
  readonly topic: Topic;
  /** One partition only. */
  readonly partition?: number;
  /** First offsets to read. Partitions that it does not name are read from their start. */
  readonly from?: string;
  /** First offsets not to read, of every partition that is read. Left out: the present end of each. */
  readonly to?: string;
}

export interface ReplayRefusal {
  /** `gone`: the log no longer has the records asked for. The others are mistakes of the caller. */
  readonly code: 'malformed' | 'foreign' | 'gone';
  readonly detail: string;
  /** Which text is at fault, where it is not `from`. */
  readonly text?: 'to';
}

export interface ReplayPlan {
  readonly ok: true;
  readonly epoch: number;
  /** What a fresh replay reads: the cut. Partitions in their order. */
  readonly cut: readonly OffsetRange[];
  /** What is left of the cut to be read. */
  readonly todo: readonly OffsetRange[];
  /** Ends of the cut: `from` of a later replay that reads what came since. */
  readonly end: readonly Position[];
}

const refuse = (code: ReplayRefusal['code'], detail: string, text?: 'to') => ({
  ok: false as const,
  refusal: { code, detail, ...(text && { text }) },
});
type Refused = ReturnType<typeof refuse>;

/** Fixes the ends before anything is read: a replay of a log that grows meanwhile still comes to an end. */
export const planReplay = async (log: ReadableLog, range: ReplayRange): Promise<ReplayPlan | Refused> => {
  const all = [...(await log.bounds(range.topic))].sort((a, b) => a.partition - b.partition);
  const bounds = all.filter(({ partition }) => range.partition === undefined || partition === range.partition);
  if (bounds.length === 0) return refuse('malformed', `The topic has ${all.length} partitions, counted from 0.`);
  const cursor = range.from === undefined ? undefined : parseCursor(range.from);
  const from = cursor || range.from === undefined ? [] : parsePositions(range.from);
  if (!from) return refuse('malformed', 'from is neither a list of positions (epoch:partition:offset) nor a cursor.');
  const to = range.to === undefined ? [] : parsePositions(range.to);
  if (!to) return refuse('malformed', 'to is no list of positions (epoch:partition:offset).', 'to');

  const epoch = all[0]?.epoch ?? 0;
  const inTheCut: Position[] = (cursor?.ranges ?? []).flatMap((part) => [
    { epoch: cursor?.next.epoch ?? epoch, partition: part.partition, offset: part.from },
    { epoch: cursor?.next.epoch ?? epoch, partition: part.partition, offset: part.to },
  ]);
  const named = [...from, ...to, ...inTheCut, ...(cursor ? [cursor.next] : [])];
  const foreign = named.find((position) => !belongs(position, all));
  if (foreign) {
    const detail = 'is not one of this log: it is past the end, or of another epoch or partition.';
    return refuse('foreign', `Position ${formatPosition(foreign)} ${detail}`);
  }
  const read = bounds.filter(({ partition }) => !cursor || cursor.ranges.some((part) => part.partition === partition));
  const endless = to.length === 0 ? [] : read.filter(({ partition }) => !names(to, partition));
  if (endless.length > 0) return refuse('malformed', withoutEnd(endless), 'to');

  const cut: OffsetRange[] = [];
  const todo: OffsetRange[] = [];
  for (const { partition, start, end } of bounds) {
    const kept = cursor?.ranges.find((part) => part.partition === partition);
    if (cursor && !kept) continue;
    const first = kept?.from ?? from.find((position) => position.partition === partition)?.offset ?? start;
    const last = Math.min(kept?.to ?? end, to.find((position) => position.partition === partition)?.offset ?? end);
    if (first > last && named.some((position) => position.partition === partition && position.offset === first)) {
      const detail = `from lies behind to in partition ${partition}: ${first} is after ${last}.`;
      return refuse('malformed', detail);
    }
    cut.push({ partition, from: first, to: last });
    const next = resumeAt(first, partition, cursor?.next);
    if (next === undefined || next >= last) continue;
    if (next < start) return refuse('gone', `Partition ${partition} of the log begins at offset ${start}.`);
    todo.push({ partition, from: next, to: last });
  }
  const end = cut.map((part) => ({ epoch, partition: part.partition, offset: part.to }));
  return { ok: true, epoch, cut, todo, end };
};

const names = (positions: readonly Position[], partition: number): boolean =>
  positions.some((position) => position.partition === partition);

/** Partitions that one text lists. */
const partitionsMax = 16;

/** To take their present end for them would make of one position another stretch each time that it is read. */
const withoutEnd = (endless: readonly PartitionBounds[]): string => {
  const all = endless.map(({ partition }) => partition);
  const more = all.length > partitionsMax ? ` and ${all.length - partitionsMax} more` : '';
  const which = `partition${all.length === 1 ? '' : 's'} ${all.slice(0, partitionsMax).join(', ')}${more}`;
  return `to names no position (epoch:partition:offset) of ${which}: name one of every partition, or leave it out.`;
};

const belongs = (position: Position, bounds: readonly PartitionBounds[]): boolean =>
  bounds.some(
    ({ epoch, partition, end }) =>
      epoch === position.epoch && partition === position.partition && position.offset <= end,
  );

/** undefined: the whole partition lies behind the cursor. */
const resumeAt = (first: number, partition: number, next: Position | undefined): number | undefined => {
  if (!next || partition > next.partition) return first;
  return partition === next.partition ? Math.max(first, next.offset) : undefined;
};
