import { type RecordedRecord, TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { createLogTail, tailRecordsMax } from './log-tail.ts';

const records = (from: number, count: number): RecordedRecord[] =>
  Array.from({ length: count }, (_, i) => {
    return {
      topic: TOPICS.predictions,
      partition: 0,
      offset: from + i,
      key: 'k',
      value: '{}',
      headers: {},
      appendedAt: 0,
    };
  });
const offsets = (found: readonly RecordedRecord[] | undefined) => found?.map(({ offset }) => offset);

describe('the tail of a partition', () => {
  it('has what was pushed and not released, and says of all else that it is not here', () => {
    const tail = createLogTail();
    tail.push(records(5, 4));
    expect(offsets(tail.fetch(6, 2))).toEqual([6, 7]);
    tail.release(7);
    expect(tail.fetch(6, 2)).toBeUndefined();
    expect(offsets(tail.fetch(7, 9))).toEqual([7, 8]);
    tail.release(3);
    expect(offsets(tail.fetch(7, 9))).toEqual([7, 8]);
    tail.release(100);
    expect(tail.fetch(8, 1)).toBeUndefined();
    tail.push(records(9, 1));
    expect(offsets(tail.fetch(9, 1))).toEqual([9]);
  });

  it('forgets the oldest where nobody releases them', () => {
    const tail = createLogTail();
    for (let from = 0; from <= tailRecordsMax; from += 1_000) tail.push(records(from, 1_000));
    expect(tail.fetch(0, 1)).toBeUndefined();
    expect(offsets(tail.fetch(tailRecordsMax, 1))).toEqual([tailRecordsMax]);
  });
});
