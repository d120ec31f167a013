import { type ConsumerHandlers, TOPICS } from '@hindcast/domain';
import { describe, expect, it, vi } from 'vitest';
import { createSeat, type HandlerSilence } from './partition-seat.ts';

const handlerSilenceMsMax = 100;

const seatFor = (onBatch: ConsumerHandlers['onBatch']) => {
  const silences: HandlerSilence[] = [];
  const onRevoked = vi.fn();
  const seat = createSeat({
    topic: TOPICS.predictions,
    group: 'workers',
    partition: 2,
    committed: 5,
    handlers: { onBatch, onRevoked },
    batchMax: 10,
    readAheadBytesMax: 1_000,
    handlerSilenceMsMax,
    onHungry: () => undefined,
    onFailure: () => undefined,
    onSilence: (silence) => silences.push(silence),
  });
  const give = async (offset: number) => {
    await vi.waitUntil(() => seat.wantsRecords());
    const message = { offset: String(offset), timestamp: '0', key: Buffer.from('a'), value: Buffer.from('{}') };
    seat.accept(offset, [{ ...message, headers: {}, isControlRecord: false }], offset + 1);
  };
  return { seat, silences, onRevoked, give };
};

describe('a handler', () => {
  it('that does not return is told of once, and holds up no release', async () => {
    const { seat, silences, onRevoked, give } = seatFor(() => new Promise(() => undefined));
    await give(5);
    await vi.waitUntil(() => silences.length > 0);
    await seat.release(true);
    expect(onRevoked).toHaveBeenCalledWith(2);
    expect(silences).toEqual([{ partition: 2, offset: 5, silentMs: handlerSilenceMsMax }]);
  });

  it('that is silent only after its partition was taken away is waited for that long', async () => {
    const handling = vi.fn(() => new Promise<void>(() => undefined));
    const { seat, silences, give } = seatFor(handling);
    await give(5);
    await vi.waitUntil(() => handling.mock.calls.length > 0);
    await seat.release(true);
    expect(silences).toHaveLength(1);
  });

  it('that returns in time is waited for, and nobody is told', async () => {
    let end = () => {};
    const handling = vi.fn(() => new Promise<void>((resolve) => (end = resolve)));
    const { seat, silences, onRevoked, give } = seatFor(handling);
    await give(5);
    await vi.waitUntil(() => handling.mock.calls.length > 0);
    const released = seat.release(true);
    await new Promise(setImmediate);
    expect(onRevoked).not.toHaveBeenCalled();
    end();
    await released;
    expect(onRevoked).toHaveBeenCalledWith(2);
    expect(silences).toEqual([]);
  });
});
