import { TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import type { Projection } from './projection.ts';
import { createReached } from './reached.ts';

const place = { logId: 'log', epoch: 0, partition: 0 };
const end = 20;
const log = { bounds: async () => [{ ...place, start: 0, end }] };

/** `whileRead` happens after the checkpoint was read, and before anybody hears of it. */
const viewAt = (next: number, whileRead: () => void = () => {}): Projection => ({
  name: 'prediction-status',
  generation: 1,
  topic: TOPICS.predictions,
  async checkpoints() {
    whileRead();
    return [[{ ...place, next }]];
  },
  project: async () => ({ unknownTypes: 0, deadLettered: 0 }),
  forget: () => {},
});

describe('what a process has folded', () => {
  it('is past a generation that has folded less, and not past one that has as much', async () => {
    const reached = createReached();
    reached.note({ ...place, next: 12 });
    expect(await reached.isPast(viewAt(11), log)).toBe(true);
    expect(await reached.isPast(viewAt(12), log)).toBe(false);
  });

  it('is not past a generation because of a batch that ends while that one is read', async () => {
    const reached = createReached();
    reached.note({ ...place, next: 11 });
    const live = viewAt(11, () => reached.note({ ...place, next: 12 }));
    expect(await reached.isPast(live, log)).toBe(false);
    expect(await reached.isPast(viewAt(11), log)).toBe(true);
  });

  it('counts nothing that the log has lost', async () => {
    const reached = createReached();
    reached.note({ ...place, next: end + 5 });
    expect(await reached.isPast(viewAt(end), log)).toBe(false);
    expect(await reached.isPast(viewAt(end - 1), log)).toBe(true);
  });
});
