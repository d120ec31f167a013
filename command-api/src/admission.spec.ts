import { Problem } from '@hindcast/adapters/http';
import { type AppendOutcome, LogError } from '@hindcast/domain';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createAdmission } from './admission.ts';

/** A backlog that hears of what was accepted when it is told. */
const doorOf = (openMax: number) => {
  const open = new Map<string, number>();
  const backlog = {
    open: () => [...open.values()].reduce((sum, count) => sum + count, 0),
    openOf: (tenant: string, model: string) => open.get(`${tenant}/${model}`) ?? 0,
    countedTo: () => Number.POSITIVE_INFINITY,
  };
  const admission = createAdmission(backlog, openMax);
  return {
    backlog,
    have: (model: string, count: number) => open.set(`t/${model}`, backlog.openOf('t', model) + count),
    enter: (model: string, items: number) => admission.enter('t', model, items, '/items'),
    refusalOf(model: string, items: number): Problem | undefined {
      try {
        admission.enter('t', model, items, '/items')();
        return undefined;
      } catch (error) {
        if (error instanceof Problem) return error;
        throw error;
      }
    },
  };
};

const takenAt = (partition: number, offset: number): AppendOutcome => ({
  ok: true,
  position: { epoch: 1, partition, offset },
  appendedAt: 0,
});

describe('admission', () => {
  it('leaves half of the room to the other models, and says so', () => {
    const door = doorOf(100);
    door.have('flood', 50);
    const refusal = door.refusalOf('flood', 1);
    expect(refusal).toMatchObject({ status: 503, code: 'backlog-too-long', headers: { 'retry-after': '5' } });
    expect(refusal?.message).toBe(
      "50 predictions of 'flood' are open, no more than 50 may be, and this request has 1.",
    );
    expect(door.refusalOf('other', 50)).toBeUndefined();
  });

  it('tells of what the log has taken, by model, and of nothing where it has taken nothing', () => {
    const told: string[] = [];
    const backlog = { open: () => 0, openOf: () => 0, countedTo: () => 0 };
    const admission = createAdmission(backlog, 100, { onAccepted: (...of) => told.push(of.join(' ')) });
    const ok = takenAt(0, 1);
    const refused: AppendOutcome = { ok: false, error: new LogError('unavailable', 'The log is away.') };
    admission.appended('t', 'churn', [ok, refused, ok]);
    admission.appended('t', 'quiet', [refused]);
    expect(told).toEqual(['churn 2']);
  });

  it('refuses all models when all together are too many', () => {
    const door = doorOf(100);
    for (const model of ['a', 'b', 'c']) door.have(model, 33);
    expect(door.refusalOf('d', 1)).toBeUndefined();
    expect(door.refusalOf('d', 2)?.message).toBe(
      '99 predictions are open, no more than 100 may be, and this request has 2.',
    );
  });

  it('takes a request whole or not at all', () => {
    const door = doorOf(10);
    expect(door.refusalOf('a', 5)).toBeUndefined();
    door.have('a', 1);
    expect(door.refusalOf('a', 5)?.code).toBe('backlog-too-long');
  });

  it('does not ask for a repeat of what would never have room', () => {
    const refusal = doorOf(10).refusalOf('a', 6);
    const detail =
      'Expected at most 5, not 6: no more predictions of one model may be open at once (half of HINDCAST_OPEN_MAX).';
    expect(refusal).toMatchObject({ status: 422, code: 'invalid-body', headers: {} });
    expect(refusal?.detail).toBe(`/items: ${detail}`);
    expect(refusal?.errors).toEqual([{ pointer: '/items', detail }]);
  });

  it('has room for one where only one may be open', () => {
    const door = doorOf(1);
    expect(door.refusalOf('a', 1)).toBeUndefined();
    door.have('a', 1);
    expect(door.refusalOf('b', 1)?.code).toBe('backlog-too-long');
  });

  it('counts what the log has taken until the backlog does, partition by partition', () => {
    let counted = [0, 0];
    const backlog = {
      open: () => counted.reduce((sum, count) => sum + count, 0),
      openOf: () => backlog.open(),
      countedTo: (partition: number) => counted[partition] ?? 0,
    };
    const admission = createAdmission(backlog, 8);
    const takes = (...outcomes: readonly AppendOutcome[]): boolean => {
      try {
        const leave = admission.enter('t', 'a', outcomes.length, '/items');
        admission.appended('t', 'a', outcomes);
        leave();
        return true;
      } catch {
        return false;
      }
    };
    expect(takes(takenAt(0, 0), takenAt(1, 0), takenAt(0, 1))).toBe(true);
    expect(takes(takenAt(1, 1))).toBe(true);
    const full = () => takes(takenAt(1, 2));
    expect(full()).toBe(false);
    for (counted of [
      [1, 0],
      [2, 0],
      [2, 1],
      [2, 2],
    ])
      expect(full()).toBe(false);
    const open = vi.spyOn(backlog, 'open').mockReturnValue(3);
    expect(full()).toBe(true);
    expect(full()).toBe(false);
    open.mockRestore();
  });

  it('never lets more in than may be open, however late the backlog hears of it', () => {
    const step = fc.record({
      model: fc.constantFrom('a', 'b', 'c'),
      items: fc.integer({ min: 1, max: 30 }),
      stored: fc.boolean(),
      heardAfter: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const door = doorOf(100);
        const later: { at: number; hear: () => void }[] = [];
        for (const [at, { model, items, stored, heardAfter }] of steps.entries()) {
          for (const due of later.filter((one) => one.at === at)) due.hear();
          try {
            const leave = door.enter(model, items);
            later.push({
              at: at + 1 + heardAfter,
              hear() {
                if (stored) door.have(model, items);
                leave();
              },
            });
          } catch (error) {
            if (!(error instanceof Problem)) throw error;
          }
        }
        for (const { at, hear } of later) if (at >= steps.length) hear();
        expect(door.backlog.open()).toBeLessThanOrEqual(100);
        for (const model of ['a', 'b', 'c']) expect(door.backlog.openOf('t', model)).toBeLessThanOrEqual(50);
      }),
    );
  });
});
