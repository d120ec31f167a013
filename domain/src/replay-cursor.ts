import { formatPosition, type Position, parsePosition } from './event-log.ts';

/** More partitions than any log here has; bounds what a caller can make us parse. */
const positionsMax = 1_024;

/** Positions of several partitions as one text: `0:0:117,0:1:98`. */
export const formatPositions = (positions: readonly Position[]): string => positions.map(formatPosition).join(',');

/** undefined where the text is no list of positions, or names a partition twice. */
export const parsePositions = (text: string): readonly Position[] | undefined => {
  const parts = text.split(',', positionsMax + 1);
  if (parts.length > positionsMax) return undefined;
  const positions = new Map<number, Position>();
  for (const part of parts) {
    const position = parsePosition(part);
    if (!position || positions.has(position.partition)) return undefined;
    positions.set(position.partition, position);
  }
  return [...positions.values()];
};

/** Offsets `from` (inclusive) to `to` (exclusive) of one partition. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Where a replay stands, and the cut that it was opened with: whoever resumes from it reads to the same ends, however
 * much the log has grown since.
 */
export interface ReplayCursor {
  readonly next: Position;
  readonly ranges: readonly OffsetRange[];
}

const base36 = (value: number): string => value.toString(36);
const rangesText = (ranges: readonly OffsetRange[]): string =>
  ranges.map(({ partition, from, to }) => `${base36(partition)}-${base36(from)}-${base36(to)}`).join('.');

/** Makes the cursors of one replay; the part that is the same in all of them is made once. */
export const cursorsOf = (epoch: number, ranges: readonly OffsetRange[]) => {
  const cut = rangesText(ranges);
  return (partition: number, next: number): string => `r1.${base36(epoch)}.${base36(partition)}.${base36(next)}~${cut}`;
};

const cursorForm = /^r1\.([0-9a-z]{1,6})\.([0-9a-z]{1,6})\.([0-9a-z]{1,10})~(.*)$/;
const rangeForm = /^([0-9a-z]{1,6})-([0-9a-z]{1,10})-([0-9a-z]{1,10})$/;
const number = (text: string | undefined): number => Number.parseInt(text ?? '', 36);

/** undefined where the text is no cursor of a replay. */
export const parseCursor = (text: string): ReplayCursor | undefined => {
  const match = cursorForm.exec(text);
  if (!match) return undefined;
  const ranges: OffsetRange[] = [];
  const parts = (match[4] ?? '').split('.', positionsMax + 1);
  if (parts.length > positionsMax) return undefined;
  for (const part of parts) {
    const range = rangeForm.exec(part);
    const partition = number(range?.[1]);
    const before = ranges.at(-1)?.partition ?? -1;
    if (!range || partition <= before) return undefined;
    ranges.push({ partition, from: number(range[2]), to: number(range[3]) });
  }
  const next = { epoch: number(match[1]), partition: number(match[2]), offset: number(match[3]) };
  return ranges.some(({ partition }) => partition === next.partition) ? { next, ranges } : undefined;
};
