import { predictionDoc } from '@hindcast/domain/contracts';
import { expect, it } from 'vitest';
import { statusRows } from './status-rows.ts';
import { createViewOutbox } from './view-outbox.ts';

const checkpoint = (next: number) => ({ logId: 'log-1', epoch: 0, partition: 3, next });
const rowsIn = ({ writes }: ReturnType<ReturnType<typeof createViewOutbox>['take']>) =>
  writes.map(({ columns, values }) => values.length / columns);

it('keeps what came while an older form was being written, and changes that form then', () => {
  const outbox = createViewOutbox(statusRows(1), []);
  outbox.put(predictionDoc('a', 1), false);
  outbox.put(predictionDoc('b', 2), false);
  outbox.putCheckpoint(checkpoint(3));
  const first = outbox.take(10);
  expect(rowsIn(first)).toEqual([2, 0, 1]);
  outbox.put(predictionDoc('a', 5), false);
  outbox.putCheckpoint(checkpoint(6));
  first.written();
  expect(outbox.get('t/a')?.pos).toBe(5);
  expect(outbox.get('t/b')).toBeUndefined();
  expect(outbox.waiting()).toBe(2);
  expect(rowsIn(outbox.take(10))).toEqual([0, 1, 1]);
});

it('keeps everything where it was not written', () => {
  const outbox = createViewOutbox(statusRows(1), []);
  outbox.put(predictionDoc('a', 1), false);
  outbox.take(10);
  outbox.put(predictionDoc('a', 5), false);
  expect(rowsIn(outbox.take(10))).toEqual([1, 0, 0]);
});

it('gives a checkpoint with the last of the documents that it claims', () => {
  const outbox = createViewOutbox(statusRows(1), []);
  for (const [pos, id] of ['a', 'b', 'c'].entries()) outbox.put(predictionDoc(id, pos), false);
  outbox.putCheckpoint(checkpoint(3));
  const first = outbox.take(2);
  expect(rowsIn(first)).toEqual([2, 0, 0]);
  first.written();
  expect(rowsIn(outbox.take(2))).toEqual([1, 0, 1]);
});
