import type { RecordedRecord, Topic } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';
import { markBytes, markOf, type SignedStretch } from './signed-stretch.ts';
import type { TreeHash } from './tree-hash.ts';

/** What seems to have been done: the signed root says that something was, the marks say what. */
export type DifferenceKind = 'edited' | 'dropped' | 'inserted' | 'swapped' | 'changed';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly offset: number;
  /** The other one of two that were swapped. */
  readonly other?: number;
}

/** Records behind the first difference that are compared to tell what was done. */
const comparedRecordsMax = 1_024;
/** Neighbours that must fit, each by chance in one of 65,536 cases. */
const neighboursMin = 2;

/**
 * The first record between `from` and `to` that is not what the marks of the stretch say, undefined where the marks find
 * none: they are short, and whoever can change the log can change them too.
 */
export const locateDifference = async (
  log: Pick<ReadableLog, 'read'>,
  hash: Pick<TreeHash, 'record'>,
  stretch: SignedStretch,
  range: { readonly from: number; readonly to: number },
): Promise<Difference | undefined> => {
  const { topic, partition, size } = stretch.checkpoint;
  const from = Math.max(range.from, stretch.before.size);
  const to = Math.min(range.to, size);
  const markAt = (offset: number) => {
    const at = (offset - stretch.before.size) * markBytes;
    return stretch.marks.slice(at, at + markBytes);
  };
  const fits = (record: RecordedRecord | undefined, offset: number) =>
    record !== undefined && markOf(hash.record({ ...record, offset })) === markAt(offset);

  const found: RecordedRecord[] = [];
  for await (const page of log.read({ topic: topic as Topic, partition, from, to })) {
    for (const record of page) {
      if (found.length === 0 && fits(record, record.offset)) continue;
      found.push(record);
    }
    if (found.length >= comparedRecordsMax) break;
  }
  const offset = found[0]?.offset;
  if (offset === undefined) return undefined;

  /** How far records fit that stand `by` places from where they were. */
  const shiftedFit = (start: number, by: number): boolean => {
    let neighbours = 0;
    for (let at = start; at < found.length && neighbours < neighboursMin; at++) {
      const was = offset + at + by;
      if (was >= size) break;
      if (!fits(found[at], was)) return false;
      neighbours += 1;
    }
    return neighbours > 0;
  };

  if (shiftedFit(0, 1)) return { kind: 'dropped', offset };
  if (shiftedFit(1, -1)) return { kind: 'inserted', offset };
  const swapped = found.findIndex((record, at) => at > 0 && fits(record, offset) && fits(found[0], offset + at));
  if (swapped > 0) return { kind: 'swapped', offset, other: offset + swapped };
  const next = found[1];
  return { kind: next === undefined || fits(next, offset + 1) ? 'edited' : 'changed', offset };
};
