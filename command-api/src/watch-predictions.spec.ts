import type { PredictionDoc } from '@hindcast/domain';
import { createMemoryCompletionBus } from '@hindcast/domain/in-memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandContext } from './command-ports.ts';
import { createWatches } from './watch-predictions.ts';

const rereadMs = 1_000;
const patienceMs = 60_000;

/** Watches over a view that is read without any notice. `rounds` are the keys that were read at the same time. */
const world = () => {
  const docs = new Map<string, PredictionDoc>();
  const rounds = new Map<number, string[]>();
  const prediction = async (key: string) => {
    rounds.set(Date.now(), [...(rounds.get(Date.now()) ?? []), key]);
    return docs.get(key);
  };
  const ports = { views: { prediction }, bus: createMemoryCompletionBus() };
  const context = { ports, limits: { rereadMs, waitsMax: 10 }, tenant: 'default' };
  const watches = createWatches(context as unknown as CommandContext);
  const fold = (id: string) => docs.set(`default/${id}`, { key: `default/${id}`, id } as PredictionDoc);
  return { watches, rounds: () => [...rounds.values()], fold };
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('waits for predictions', () => {
  it('read again together, however far apart they began', async () => {
    const { watches, rounds, fold } = world();
    const first = watches.watch('a', () => true, patienceMs);
    await vi.advanceTimersByTimeAsync(rereadMs * 0.7);
    const second = watches.watch('b', () => true, patienceMs);
    await vi.advanceTimersByTimeAsync(rereadMs * 2);
    expect(rounds()).toEqual([['default/a', 'default/b']]);
    for (const id of ['a', 'b']) fold(id);
    await vi.advanceTimersByTimeAsync(rereadMs);
    expect([(await first?.seen)?.id, (await second?.seen)?.id]).toEqual(['a', 'b']);
  });

  it('that ended read nothing, and leave no timer', async () => {
    const { watches, rounds } = world();
    watches.watch('a', () => true, patienceMs)?.stop();
    expect(vi.getTimerCount()).toBe(0);
    watches.watch('b', () => true, rereadMs / 2);
    await vi.advanceTimersByTimeAsync(rereadMs * 3);
    expect(rounds()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
