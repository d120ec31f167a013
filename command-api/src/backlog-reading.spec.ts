import { LogError, type NewRecord } from '@hindcast/domain';
import { createMemoryBacklogBoard } from '@hindcast/domain/in-memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BacklogReading, openBacklogReading } from './backlog-reading.ts';
import { silenceMsMax } from './live-members.ts';
import { churnInput, createCommandWorld } from './testing/command-world.ts';

const openMax = 40;
const running: BacklogReading[] = [];
let made = 0;
const identity = { now: () => Date.now(), newId: () => `0198c2f0-5a3e-7cc1-9d3a-${String(++made).padStart(12, '0')}` };
const warnings: string[] = [];
const logger = {
  debug: () => {},
  info: () => {},
  warn: (_: object, message: string) => void warnings.push(message),
  error: () => {},
};
const open = async (board: Parameters<typeof openBacklogReading>[0]['board']) => {
  const reading = await openBacklogReading({ board, identity, logger }, { openMax });
  running.push(reading);
  return reading;
};
const doorsOf = (reading: BacklogReading) => reading.known().doors;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: 1_700_000_000_000 });
  warnings.length = 0;
});
afterEach(async () => {
  for (const reading of running.splice(0)) await reading.stop();
  vi.useRealTimers();
});

describe('reading the backlog', () => {
  it('lets doors find each other, and share the room', async () => {
    const board = createMemoryBacklogBoard();
    const first = await open(board);
    expect([first.open(), first.openOf('t', 'a'), doorsOf(first)]).toEqual([0, 0, 1]);
    const second = await open(board);
    await vi.advanceTimersByTimeAsync(200);
    for (const reading of [first, second]) {
      expect([reading.open(), reading.openOf('t', 'a'), doorsOf(reading)]).toEqual([openMax / 2, openMax / 4, 2]);
    }
    expect(first.shared.door).not.toBe(second.shared.door);
    await vi.advanceTimersByTimeAsync(3 * silenceMsMax);
    expect([doorsOf(first), doorsOf(second)]).toEqual([2, 2]);
    await second.stop();
    expect((await board.read()).doors.map(({ door }) => door)).toEqual([first.shared.door]);
    await vi.advanceTimersByTimeAsync(silenceMsMax + 2_000);
    expect([first.open(), doorsOf(first)]).toEqual([0, 1]);
  });

  it('lets a door claim keys by itself once the others know of it, and they are sure of nothing until it has stopped', async () => {
    const board = createMemoryBacklogBoard();
    const [first, second] = [await open(board), await open(board)];
    const isSure = () => [first, second].map(({ shared }) => shared.claims.sure());
    await vi.advanceTimersByTimeAsync(400);
    expect(isSure()).toEqual([true, true]);
    expect(second.shared.claims.mayClaimAlone()).toBe(false);
    await vi.advanceTimersByTimeAsync(600);
    expect([...isSure(), second.shared.claims.mayClaimAlone()]).toEqual([false, false, false]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([...isSure(), second.shared.claims.mayClaimAlone()]).toEqual([false, false, true]);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(isSure()).toEqual([true, true]);
  });

  it('has no room while the board was never read, and says so once', async () => {
    let away = true;
    const inner = createMemoryBacklogBoard();
    const board = {
      ...inner,
      async read() {
        if (away) throw new Error('The board is away.');
        return inner.read();
      },
    };
    const reading = await open(board);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([reading.open(), reading.openOf('t', 'a'), warnings.length]).toEqual([openMax, openMax / 2, 1]);
    away = false;
    await vi.advanceTimersByTimeAsync(200);
    expect([reading.open(), reading.openOf('t', 'a')]).toEqual([0, 0]);
    away = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([reading.open(), doorsOf(reading), warnings.length]).toEqual([0, 1, 2]);
  });
});

describe('a door that is one of several', () => {
  it('puts its name on what it accepts, and refuses with a 503 when nobody tells that anything was folded', async () => {
    vi.useRealTimers();
    const reading = await open(createMemoryBacklogBoard());
    const appended: NewRecord[] = [];
    let refusing = false;
    const world = await createCommandWorld({
      ports: { backlog: reading },
      limits: { openMax },
      log: (log) => ({
        ...log,
        append: async (topic, records) => {
          if (refusing) {
            return records.map(() => ({ ok: false, error: new LogError('unavailable', 'The log is away.') }));
          }
          appended.push(...records);
          return log.append(topic, records);
        },
      }),
    });
    await world.haveModel();
    const submit = (body: object) =>
      world.app.inject({ method: 'POST', url: '/v1/predictions', payload: { model: 'churn', ...body } });
    const items = (count: number) => ({ items: Array.from({ length: count }, () => ({ input: churnInput })) });
    expect((await submit({ input: churnInput })).statusCode).toBe(202);
    expect((await submit(items(15))).statusCode).toBe(202);
    refusing = true;
    expect((await submit(items(4))).statusCode).toBe(503);
    refusing = false;
    expect((await submit(items(4))).statusCode).toBe(202);
    expect(appended.map(({ headers }) => headers['door'])).toEqual(Array(20).fill(reading.shared.door));
    const refused = await submit({ input: churnInput });
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '5']);
    expect(refused.json().detail).toBe(
      "20 predictions of 'churn' are open or kept free for other doors, no more than 20 may be, and this request has 1.",
    );
    await world.close();
  });
});
