import { auditedTopics, LogError, TOPICS } from '@hindcast/domain';
import { aSigningKey } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createNotaryWorld, type NotaryWorld, recordsToAppend } from '../testing/notary-world.ts';
import { settled, until } from '../testing/worker-world.ts';

let world: NotaryWorld;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  world = createNotaryWorld();
});
afterEach(async () => {
  await world.close();
  vi.useRealTimers();
});
const sizes = async () =>
  Object.fromEntries(
    (await world.stretches()).map(({ checkpoint: { topic, partition, size } }) => [`${topic}/${partition}`, size]),
  );
const ends = async () => {
  const found: Record<string, number> = {};
  for (const topic of auditedTopics) {
    for (const { partition, end } of await world.log.bounds(topic)) found[`${topic}/${partition}`] = end;
  }
  return found;
};

describe('the notary', () => {
  it('vouches for every record of every topic but its own', async () => {
    await world.append(200);
    const notary = await world.start();
    await notary.whenCaughtUp();
    expect(await sizes()).toEqual(await ends());
    const partitions = Object.keys(await ends()).length;
    const report = await world.verify();
    expect(report.findings).toEqual([]);
    for (const { records, proven } of report.ranges) expect(proven).toBe(records);
    expect(notary.stats()).toMatchObject({ partitions, records: 200 + partitions, mismatches: [] });
  });

  it('signs at most once in its time, only what grew, and what is left when it stops', async () => {
    const notary = await world.start({ checkpointMsMin: 5_000 });
    await notary.whenCaughtUp();
    const before = notary.stats().checkpoints;
    await vi.advanceTimersByTimeAsync(60_000);
    await settled();
    expect(notary.stats().checkpoints).toBe(before);
    for (let turn = 0; turn < 10; turn++) {
      await world.log.append(TOPICS.models, recordsToAppend(1));
      await settled();
      await vi.advanceTimersByTimeAsync(400);
    }
    await settled();
    expect(notary.stats().checkpoints).toBe(before);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => notary.stats().checkpoints === before + 1);
    await world.log.append(TOPICS.models, recordsToAppend(1));
    await settled();
    await notary.stop();
    expect((await sizes())[`${TOPICS.models}/0`]).toBe(12);
  });

  it('goes on where another one stopped, without reading what came before, to the same roots', async () => {
    await world.append(300);
    const first = await world.start();
    await first.whenCaughtUp();
    await first.stop();
    await world.append(300);
    const second = await world.start();
    await second.whenCaughtUp();
    expect(second.stats().records).toBe(300);
    const stretches = await world.stretches();
    const last = stretches.filter(({ checkpoint }) => checkpoint.topic === TOPICS.predictions).slice(-3);
    for (const { before } of last) expect(before.size).toBeGreaterThan(1);
    const fresh = await world.start({ group: 'others' }, { signingKey: aSigningKey(9) });
    await fresh.whenCaughtUp();
    expect(fresh.stats().records).toBe(600 + Object.keys(await ends()).length);
    const roots = new Map<string, string>();
    for (const { checkpoint } of await world.stretches()) {
      const place = `${checkpoint.topic}/${checkpoint.partition}/${checkpoint.size}`;
      expect(roots.get(place) ?? checkpoint.root).toBe(checkpoint.root);
      roots.set(place, checkpoint.root);
    }
    expect((await world.verify()).findings).toEqual([]);
  });

  it('does no harm twice at the same time', async () => {
    const [one, zombie] = [await world.start(), await world.start({ group: 'zombies' })];
    for (let turn = 0; turn < 5; turn++) {
      await world.append(50);
      await (turn % 2 === 0 ? one : zombie).whenCaughtUp();
    }
    await Promise.all([one.whenCaughtUp(), zombie.whenCaughtUp()]);
    expect((await world.stretches()).length).toBeGreaterThan(20);
    const { findings, ranges } = await world.verify();
    expect(findings).toEqual([]);
    for (const { proven, records } of ranges) expect(proven).toBe(records);
  });

  it('shares the partitions with others, and takes over what they had', async () => {
    const all = Object.keys(await ends()).length;
    const one = await world.start();
    await world.append(100);
    await one.whenCaughtUp();
    const two = await world.start();
    await until(() => two.stats().partitions > 0 && one.stats().partitions + two.stats().partitions === all);
    await world.append(100);
    await vi.waitFor(async () => expect(one.stats().records + two.stats().records).toBeGreaterThan(200));
    await one.stop();
    await until(() => two.stats().partitions === all);
    await world.append(100);
    await two.whenCaughtUp();
    expect(await sizes()).toEqual(await ends());
    expect((await world.verify()).findings).toEqual([]);
  });

  it('says loudly that what it signed was changed, and vouches for it no more', async () => {
    await world.append(100);
    const first = await world.start();
    await first.whenCaughtUp();
    await first.stop();
    const stored = await world.copy();
    const records = stored.get(`${TOPICS.predictions}/1`) ?? [];
    const last = records.at(-1);
    if (last) records[records.length - 1] = { ...last, value: last.value.replace('"default"', '"delault"') };
    stored.get(`${TOPICS.predictions}/2`)?.pop();
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const second = await world.start({}, { log: await world.withRecords(stored), logger });
    await until(() => second.stats().mismatches.length === 2);
    expect(second.stats().mismatches).toEqual([`${TOPICS.predictions}/1`, `${TOPICS.predictions}/2`]);
    expect(logger.error.mock.calls.map(([, said]) => said)).toEqual([
      expect.stringContaining('are not those that were signed'),
      expect.stringContaining('records were signed'),
    ]);
    const before = (await world.stretches()).length;
    await second.stop();
    expect((await world.stretches()).length).toBe(before);
  });

  it('waits for a log that is away, and signs then', async () => {
    let refusals = 3;
    const away = { ok: false as const, error: new LogError('unavailable', 'The log is away.') };
    const notary = await world.start(
      {},
      {
        log: {
          ...world.log,
          append: async (topic, records) =>
            refusals-- > 0 ? records.map(() => away) : world.log.append(topic, records),
        },
      },
    );
    await world.append(10);
    let isSigned = false;
    const caughtUp = notary.whenCaughtUp().then(() => {
      isSigned = true;
    });
    while (!isSigned) {
      await settled();
      await vi.advanceTimersByTimeAsync(50);
    }
    await caughtUp;
    expect(refusals).toBeLessThan(0);
    expect(await sizes()).toEqual(await ends());
  });
});
