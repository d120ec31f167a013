import type { AppendOutcome, BoardReading } from '@hindcast/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDoorRoom } from './door-room.ts';
import { silenceMsMax } from './live-members.ts';
import { createDoorWorld, type Door, type Model, models, openMax } from './testing/door-world.ts';

const step = fc.record({
  kind: fc.constantFrom(
    'accept',
    'fill',
    'enter',
    'append',
    'answer',
    'fold',
    'end',
    'report',
    'read',
    'take',
    'reread',
  ),
  door: fc.nat(2),
  model: fc.constantFrom(...models),
  items: fc.integer({ min: 1, max: 15 }),
  partition: fc.nat(1),
});

describe('room at one of several doors', () => {
  it.each([{ pairsMax: 100 }, { pairsMax: 2 }])(
    'is never more than may be open, whatever is read, accepted, folded and told when (pairs told: $pairsMax)',
    ({ pairsMax }) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
          const world = createDoorWorld();
          for (const door of world.doors) world.take(door);
          const entered: { door: Door; model: Model; items: number; leave: () => void }[] = [];
          const appended: { door: Door; model: Model; outcomes: AppendOutcome[]; leave: () => void }[] = [];
          const read = new Map<Door, BoardReading>();
          for (const { kind, door: at, model, items, partition } of steps) {
            const door = world.doors[at] as Door;
            if (kind === 'accept') world.accept(door, model, items, partition);
            else if (kind === 'fill') world.acceptAll(door, model, partition);
            else if (kind === 'enter') {
              const leave = world.enter(door, model, items);
              if (leave) entered.push({ door, model, items, leave });
            } else if (kind === 'append') {
              const one = entered.splice(items % (entered.length || 1), 1)[0];
              if (!one) continue;
              const places = Array.from({ length: one.items }, (_, i) => (i + partition) % 2);
              appended.push({ ...one, outcomes: world.append(one.door, one.model, places) });
            } else if (kind === 'answer') {
              const one = appended.splice(items % (appended.length || 1), 1)[0];
              one?.door.admission.appended('t', one.model, one.outcomes);
              one?.leave();
            } else if (kind === 'fold') world.fold(partition, items);
            else if (kind === 'end') world.end(partition, items);
            else if (kind === 'report') world.report(partition, pairsMax);
            else if (kind === 'read') read.set(door, world.reading());
            else if (kind === 'take') world.take(door, read.get(door));
            else world.take(door);
            if (world.open() > openMax) break;
          }
          // Whatever room is still thought to be there is taken.
          for (const { door, model, items } of entered) world.append(door, model, Array<number>(items).fill(0));
          for (const door of world.doors) for (const model of models) world.acceptAll(door, model);
          expect(world.open()).toBeLessThanOrEqual(openMax);
          for (const one of models) expect(world.openOf(one)).toBeLessThanOrEqual(openMax / 2);
        }),
        { numRuns: 1_000 },
      );
    },
  );

  it('is all of it, in equal shares, and half of it for one model', () => {
    const { doors, acceptAll, take, open } = createDoorWorld();
    for (const door of doors) take(door);
    expect(doors.map((door) => acceptAll(door, 'a'))).toEqual([10, 10, 10]);
    expect(doors.map((door) => acceptAll(door, 'b'))).toEqual([10, 10, 10]);
    expect(doors.map((door) => acceptAll(door, 'c'))).toEqual([0, 0, 0]);
    expect(open()).toBe(openMax);
  });

  it('is there for as many doors as divide it, to the last one', () => {
    const { doors, acceptAll, take } = createDoorWorld(Array.from({ length: 7 }, (_, i) => `d-${i}`));
    for (const door of doors) take(door);
    const accepted = doors.flatMap((door) => models.map((model) => acceptAll(door, model)));
    expect(accepted.reduce((sum, one) => sum + one, 0)).toBe(openMax);
  });

  it('is none before the first reading, and comes to an end where none follows', () => {
    const { doors, acceptAll, take, reading } = createDoorWorld();
    const [door] = doors as [Door];
    expect(acceptAll(door, 'a')).toBe(0);
    take(door, reading());
    expect(acceptAll(door, 'a') + acceptAll(door, 'b')).toBe(20);
    for (let i = 0; i < 100; i += 1) take(door);
    expect(acceptAll(door, 'c')).toBe(0);
  });

  it('is not given twice where one door has read what another has not', () => {
    const { doors, acceptAll, take, fold, report, open } = createDoorWorld(['d-1', 'd-2']);
    const [first, second] = doors as [Door, Door];
    for (const door of doors) take(door);
    acceptAll(first, 'a');
    fold(0);
    report(0);
    take(first);
    expect([acceptAll(first, 'a'), acceptAll(second, 'a')]).toEqual([0, 15]);
    expect(open()).toBe(30);
  });

  it('comes back when what was accepted has ended, and not when an older reading comes', () => {
    const { doors, acceptAll, take, fold, report, end, reading } = createDoorWorld();
    const [door] = doors as [Door];
    take(door);
    report(0);
    const old = reading();
    expect(acceptAll(door, 'a')).toBe(10);
    fold(0);
    report(0);
    take(door);
    take(door, old);
    expect(acceptAll(door, 'a')).toBe(0);
    end(0, 4);
    report(0);
    take(door);
    expect(acceptAll(door, 'a')).toBe(4);
  });

  it('is not taken twice by what a keeper has told of before the log has answered', () => {
    const { doors, enter, append, acceptAll, take, fold, report } = createDoorWorld();
    const [door] = doors as [Door];
    take(door);
    const leave = enter(door, 'a', 4);
    const outcomes = append(door, 'a', [0, 0, 1, 1]);
    for (const partition of [0, 1]) {
      fold(partition);
      report(partition);
    }
    take(door);
    door.admission.appended('t', 'a', outcomes);
    leave?.();
    expect(acceptAll(door, 'a')).toBe(6);
  });

  it('is not given for a model that the keeper had to leave out of its list', () => {
    const { doors, accept, acceptAll, take, fold, report } = createDoorWorld();
    const [first, second] = doors as [Door, Door];
    for (const door of doors) take(door);
    expect([acceptAll(second, 'a'), accept(first, 'b', 8)]).toEqual([10, true]);
    fold(0);
    report(0, 1);
    take(first);
    expect(acceptAll(first, 'b')).toBe(0);
    report(0);
    take(first);
    expect(acceptAll(first, 'b')).toBe(2);
  });

  it('keeps what it knew when the board is emptied', () => {
    const { doors, acceptAll, take, fold, report, board, alive } = createDoorWorld();
    const [door] = doors as [Door];
    take(door);
    expect(acceptAll(door, 'a')).toBe(10);
    fold(0);
    report(0);
    take(door);
    board.clear();
    alive.clear();
    take(door);
    expect([acceptAll(door, 'a'), acceptAll(door, 'b')]).toEqual([0, 10]);
  });

  it('passes to the others when a door dies, but for what that one left behind', () => {
    const { doors, acceptAll, take, fold, report, alive } = createDoorWorld(['d-1', 'd-2']);
    const [first, second] = doors as [Door, Door];
    for (const door of doors) take(door);
    expect(acceptAll(second, 'a') + acceptAll(second, 'b')).toBe(30);
    fold(0);
    report(0);
    alive.delete('d-2');
    for (let ms = 0; ms < silenceMsMax - 600; ms += 200) take(first);
    expect(first.room.known()).toEqual({ open: 30, doors: 2 });
    for (let ms = 0; ms < 1_000; ms += 200) take(first);
    expect(first.room.known()).toEqual({ open: 30, doors: 1 });
    expect(acceptAll(first, 'a') + acceptAll(first, 'b') + acceptAll(first, 'c')).toBe(30);
  });

  it('takes nobody for dead because the board could not be read', () => {
    const { doors, take, reading } = createDoorWorld();
    const [door] = doors as [Door];
    const before = reading();
    take(door, before);
    for (let times = 0; times < 5; times += 1) take(door, before, 60_000);
    expect(door.room.known().doors).toBe(3);
    for (let times = 0; times < 10; times += 1) take(door, before, 60_000);
    expect(door.room.known().doors).toBe(1);
    take(door);
    expect(door.room.known().doors).toBe(3);
  });

  it('is exceeded by no more than its share by a door that comes, and by nothing where the rest is known to be full', () => {
    const { doors, join, acceptAll, take, fold, report, open } = createDoorWorld(['d-1']);
    const [first] = doors as [Door];
    take(first);
    const accepted = acceptAll(first, 'a') + acceptAll(first, 'b');
    expect(accepted).toBe(openMax);
    const second = join('d-2');
    take(second);
    for (const model of models) acceptAll(second, model);
    expect(open()).toBeLessThanOrEqual(openMax + openMax / 2);
    fold(0);
    report(0);
    const third = join('d-3');
    take(third);
    expect(models.map((model) => acceptAll(third, model))).toEqual([0, 0, 0]);
  });
});

describe('the expected wait', () => {
  it('is the mean of the workers that know the version, and nothing where none does', () => {
    const room = createDoorRoom({ door: 'd-1', openMax });
    const version = { version: 3, sha256: 'digest' };
    expect(room.expectedWaitMs('t', 'a', version)).toBe(0);
    const waits = [{ tenant: 't', model: 'a', version: 3, ms: 900 }];
    const workers = [
      { worker: 'w-1', beat: 1, waits, knows: ['digest'] },
      { worker: 'w-2', beat: 1, waits: [], knows: ['digest', 'other'] },
      { worker: 'w-3', beat: 1, waits: [], knows: [] },
    ];
    room.take({ partitions: [], doors: [], workers }, 0);
    expect(room.expectedWaitMs('t', 'a', version)).toBe(450);
    expect(room.expectedWaitMs('t', 'a', { version: 4, sha256: 'other' })).toBe(0);
    for (let at = 1; at < 15; at += 1) {
      const told = workers.map((worker) => (worker.worker === 'w-1' ? { ...worker, beat: at } : worker));
      room.take({ partitions: [], doors: [], workers: told }, at * 1_000);
    }
    expect(room.expectedWaitMs('t', 'a', version)).toBe(900);
  });
});
