import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from './job-group.ts';
import { createScheduler, type SchedulerOptions } from './scheduler.ts';

let made = 0;
const job = (fields: Partial<Job> = {}): Job => ({
  model: 'm',
  sha256: fields.model ?? 'm',
  priority: 'normal',
  at: made++,
  deadlineAt: 1e12,
  shape: '',
  elements: 1,
  alone: false,
  group: undefined,
  heapIndex: -1,
  newer: undefined,
  older: undefined,
  ...fields,
});
const schedule = (options: Partial<SchedulerOptions> = {}) =>
  createScheduler({ slots: 1, limitOf: () => 64, othersMayArrive: () => true, onOverdue: () => {}, ...options });
/** Teaches a model that a run of n rows takes a·n + b ms. */
const learned = (scheduler: ReturnType<typeof schedule>, model: string, a: number, b = 0) => {
  for (let n = 1; n <= 8; n++) {
    scheduler.add(job({ model }));
    const picked = scheduler.pick(0);
    if (!picked) throw new Error('nothing to learn from');
    scheduler.finished({ ...picked, jobs: Array.from({ length: n }, () => job({ model })) }, a * n + b);
  }
};

describe('scheduler', () => {
  it('puts jobs of one model and shape into one run, within all bounds', () => {
    const scheduler = schedule({ elementsMax: 100 });
    learned(scheduler, 'm', 0.1);
    for (let i = 0; i < 10; i++) scheduler.add(job({ shape: i % 2 ? 'odd' : 'even', elements: 30 }));
    const picked = scheduler.pick(0);
    expect(picked?.jobs.map((each) => each.shape)).toEqual(['even', 'even', 'even']);
  });

  it('keeps a run within the time that its model is expected to take', () => {
    const scheduler = schedule({ runMsMax: 50 });
    learned(scheduler, 'm', 5, 10);
    for (let i = 0; i < 60; i++) scheduler.add(job());
    expect(scheduler.pick(0)?.jobs).toHaveLength(8);
  });

  it('does not let company make a job miss its deadline', () => {
    const scheduler = schedule();
    learned(scheduler, 'm', 5);
    scheduler.add(job({ deadlineAt: 18 }));
    for (let i = 0; i < 9; i++) scheduler.add(job());
    expect(scheduler.pick(0)?.jobs).toHaveLength(3);
  });

  it('runs alone what must not share', () => {
    const scheduler = schedule();
    learned(scheduler, 'm', 0.1);
    for (let i = 0; i < 3; i++) scheduler.add(job({ alone: i === 0 }));
    expect(scheduler.pick(0)?.jobs).toHaveLength(1);
  });

  it('never starts what is past its deadline', () => {
    const overdue: Job[] = [];
    const scheduler = schedule({ onOverdue: (late) => overdue.push(late) });
    const late = job({ deadlineAt: 100 });
    scheduler.add(late);
    expect(scheduler.pick(100)).toBeUndefined();
    expect(overdue).toEqual([late]);
    expect(scheduler.queued).toBe(0);
  });

  it('takes the higher priority first, until the lower one is old enough', () => {
    const scheduler = schedule({ agingMs: 1_000, limitOf: () => 1 });
    const next = () => {
      const picked = scheduler.pick(0);
      if (picked) scheduler.finished(picked, undefined);
      return picked?.jobs[0]?.priority;
    };
    scheduler.add(job({ priority: 'low', at: 0 }));
    scheduler.add(job({ priority: 'normal', at: 500 }));
    scheduler.add(job({ priority: 'high', at: 900 }));
    scheduler.add(job({ priority: 'high', at: 1_600 }));
    scheduler.add(job({ priority: 'high', at: 2_100 }));
    expect([next(), next(), next(), next(), next()]).toEqual(['high', 'normal', 'high', 'low', 'high']);
  });

  it('leaves the last slot to others while a slow model floods', () => {
    const scheduler = schedule({ slots: 3 });
    learned(scheduler, 'slow', 400);
    for (let i = 0; i < 50; i++) scheduler.add(job({ model: 'slow' }));
    expect([scheduler.pick(0)?.model, scheduler.pick(0)?.model, scheduler.pick(0)]).toEqual([
      'slow',
      'slow',
      undefined,
    ]);
    scheduler.add(job({ model: 'fast' }));
    expect(scheduler.pick(0)?.model).toBe('fast');
  });

  it('gives a quick model, or the only one, every slot', () => {
    const quick = schedule({ slots: 2 });
    learned(quick, 'm', 1);
    const only = schedule({ slots: 2, othersMayArrive: () => false });
    learned(only, 'm', 400);
    for (const scheduler of [quick, only]) {
      for (let i = 0; i < 200; i++) scheduler.add(job());
      expect([scheduler.pick(0), scheduler.pick(0)].every(Boolean)).toBe(true);
    }
  });

  it('shares one slot between models by the time they take, not by the number of their jobs', () => {
    const scheduler = schedule();
    learned(scheduler, 'slow', 40);
    learned(scheduler, 'fast', 1);
    for (let i = 0; i < 400; i++) scheduler.add(job({ model: 'slow' }));
    for (let i = 0; i < 4_000; i++) scheduler.add(job({ model: 'fast', at: 1e6 }));
    const ms = { slow: 0, fast: 0 };
    for (let i = 0; i < 40; i++) {
      const picked = scheduler.pick(0);
      if (!picked) break;
      const model = picked.model as 'slow' | 'fast';
      const took = picked.jobs.length * (model === 'slow' ? 40 : 1);
      ms[model] += took;
      scheduler.finished(picked, took);
    }
    expect(ms.fast / ms.slow).toBeGreaterThan(0.5);
    expect(ms.fast / ms.slow).toBeLessThan(2);
  });

  it('holds paused models and lets others pass', () => {
    let paused = true;
    const scheduler = schedule({ limitOf: ({ model }) => (model === 'p' && paused ? 'held' : 8) });
    scheduler.add(job({ model: 'p' }));
    scheduler.add(job({ model: 'q' }));
    const picked = scheduler.pick(0);
    expect(picked?.model).toBe('q');
    if (picked) scheduler.finished(picked, 1);
    expect(scheduler.pick(0)).toBeUndefined();
    paused = false;
    expect(scheduler.pick(0)?.model).toBe('p');
  });

  it('picks every job once or reports it overdue or lets it leave; caps hold; low priority does not starve', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('add' as const),
          model: fc.constantFrom('a', 'b', 'c'),
          priority: fc.constantFrom('high' as const, 'normal' as const, 'low' as const),
          shape: fc.constantFrom('', 'x'),
          alone: fc.boolean(),
          ttl: fc.integer({ min: 1, max: 400 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('pick' as const) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('finish' as const), ms: fc.integer({ min: 0, max: 90 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (steps, slots) => {
        const fate = new Map<Job, string>();
        const settle = (each: Job, how: string) => {
          expect(fate.get(each)).toBe('waits');
          fate.set(each, how);
        };
        const scheduler = schedule({ slots, onOverdue: (late) => settle(late, 'overdue') });
        const running: NonNullable<ReturnType<typeof scheduler.pick>>[] = [];
        let now = 0;
        const pick = () => {
          const picked = scheduler.pick(now);
          if (!picked) return false;
          for (const each of picked.jobs) {
            settle(each, 'picked');
            expect(each.deadlineAt).toBeGreaterThan(now);
            expect([each.model, each.shape]).toEqual([picked.model, picked.jobs[0]?.shape]);
          }
          if (picked.jobs.some((each) => each.alone)) expect(picked.jobs).toHaveLength(1);
          running.push(picked);
          expect(running.length).toBeLessThanOrEqual(slots);
          return true;
        };
        for (const each of steps) {
          now += 3;
          if (each.kind === 'add') {
            const { model, priority, shape, alone, ttl } = each;
            const added = job({ model, priority, shape, alone, at: now, deadlineAt: now + ttl });
            fate.set(added, 'waits');
            scheduler.add(added);
          } else if (each.kind === 'pick') pick();
          else if (each.kind === 'finish') {
            const done = running.shift();
            if (done) scheduler.finished(done, each.ms);
          } else {
            const waiting = [...fate].filter(([, how]) => how === 'waits');
            const left = waiting[each.which % Math.max(1, waiting.length)]?.[0];
            if (left) {
              scheduler.remove(left);
              settle(left, 'left');
            }
          }
          expect(scheduler.queued).toBe([...fate.values()].filter((how) => how === 'waits').length);
        }
        for (const done of running.splice(0)) scheduler.finished(done, 1);
        for (let i = 0; i < 2_000 && scheduler.queued > 0; i++) {
          pick();
          for (const done of running.splice(0)) scheduler.finished(done, 1);
        }
        expect([...fate.values()]).not.toContain('waits');
      }),
      { numRuns: 200 },
    );
  });
});
