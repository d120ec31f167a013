import {
  evolvePrediction,
  isEnded,
  type PredictionEvent,
  type PredictionState,
  unknownPrediction,
} from '@hindcast/domain';
import {
  aPredictionAttemptStarted,
  aPredictionCanceled,
  aPredictionExpired,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOpenSet, type OpenEntry } from './open-set.ts';

const at = (event: PredictionEvent, offset: number) => ({ event, offset, appendedAt: 1_000 + offset });
const filled = (bytesMax = 1e9) => {
  const payloads = { bytesMax, bytes: 0 };
  const closed: OpenEntry[] = [];
  const set = createOpenSet({ partition: 0, next: 0, payloads, onClosed: (entry) => closed.push(entry) });
  let offset = 0;
  return {
    payloads,
    closed,
    set,
    fold: (event: PredictionEvent, bytes = 100) => set.fold(event.partitionkey, at(event, offset++), bytes),
  };
};
const ask = (id: string, more = {}) => aPredictionRequested({ id, eventId: `r-${id}`, ...more });

describe('open set', () => {
  it('holds a request from its offset on, with its deadline in log time', () => {
    const { set, fold } = filled();
    const folded = fold(ask('a', { deadlineMs: 500 }));
    expect(folded).toMatchObject({ change: 'opened', entry: { id: 'a', deadlineAt: 1_500, input: { age: 41 } } });
    expect([set.open, set.next, set.committable]).toEqual([1, 1, 0]);
  });

  it('lets go of everything when the prediction ends', () => {
    const { set, fold, payloads, closed } = filled();
    fold(ask('a'));
    expect(payloads.bytes).toBe(100);
    expect(fold(aPredictionSucceeded({ id: 'a', cause: 'r-a' }))?.change).toBe('ended');
    expect([set.open, set.size, set.committable, payloads.bytes, closed.length]).toEqual([0, 0, 2, 0, 1]);
  });

  it('is not ended by an answer to another request under the same key', () => {
    const { set, fold } = filled();
    fold(ask('a'));
    fold(ask('a', { eventId: 'other', requestHash: '2'.repeat(64) }));
    expect(fold(aPredictionSucceeded({ id: 'a', cause: 'other' }))?.verdict).toBe('ignored:other_request');
    expect(set.open).toBe(1);
  });

  it('counts attempts', () => {
    const { set, fold } = filled();
    fold(ask('a'));
    fold(aPredictionAttemptStarted({ id: 'a', cause: 'r-a', attempt: 2 }));
    expect(set.get('default/a')?.attempts).toBe(2);
  });

  it('keeps inputs only within its budget', () => {
    const { set, fold, payloads } = filled(250);
    for (const id of ['a', 'b', 'c']) fold(ask(id));
    expect([...set.entries()].map((entry) => entry.payloadDropped)).toEqual([false, false, true]);
    fold(aPredictionCanceled({ id: 'a', cause: 'r-a' }));
    fold(aPredictionCanceled({ id: 'c', cause: 'r-c', eventId: 'c2' }));
    expect(payloads.bytes).toBe(100);
  });

  it('no longer holds the commit for what is settled, and forgets the oldest of many', () => {
    const set = createOpenSet({ partition: 0, next: 0, settledMax: 2 });
    for (const [offset, id] of ['a', 'b', 'c', 'd'].entries()) {
      const entry = set.fold(`default/${id}`, at(ask(id), offset), 100)?.entry;
      if (entry && id !== 'd') set.settle(entry);
    }
    expect([set.open, set.size, set.committable]).toEqual([1, 3, 3]);
    expect(set.get('default/a')).toBeUndefined();
  });

  it('agrees with the one judge about what is open, whatever the log holds', () => {
    const ids = fc.constantFrom('a', 'b', 'c');
    const causes = fc.constantFrom('1', '2');
    const event = fc.oneof(
      fc
        .tuple(ids, causes)
        .map(([id, n]) => aPredictionRequested({ id, eventId: `r-${id}-${n}`, requestHash: n.repeat(64) })),
      fc
        .tuple(ids, causes, fc.nat(5))
        .map(([id, n, e]) => aPredictionSucceeded({ id, cause: `r-${id}-${n}`, eventId: `s-${e}` })),
      fc
        .tuple(ids, causes, fc.nat(5))
        .map(([id, n, e]) => aPredictionExpired({ id, cause: `r-${id}-${n}`, eventId: `x-${e}` })),
      fc
        .tuple(ids, causes, fc.nat(5))
        .map(([id, n, e]) => aPredictionAttemptStarted({ id, cause: `r-${id}-${n}`, eventId: `t-${e}` })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { set, fold, payloads } = filled();
        const states = new Map<string, PredictionState>();
        for (const [offset, each] of events.entries()) {
          const before = states.get(each.partitionkey) ?? unknownPrediction;
          // After an end nothing is remembered: the next request is filed as if it were the first.
          const from = isEnded(before) ? unknownPrediction : before;
          const { state } = evolvePrediction(from, at(each, offset));
          states.set(each.partitionkey, state.status === 'unknown' ? unknownPrediction : state);
          fold(each);
        }
        const open = [...states].filter(([, state]) => state.status === 'queued' || state.status === 'running');
        expect([...set.entries()].map((entry) => entry.key).sort()).toEqual(open.map(([key]) => key).sort());
        const offsets = open.map(([, state]) => ('request' in state ? state.request.offset : 0));
        expect(set.committable).toBe(Math.min(events.length, ...offsets));
        expect(payloads.bytes).toBe(100 * open.length);
      }),
    );
  });
});
