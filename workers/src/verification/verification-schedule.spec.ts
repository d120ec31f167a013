import { openJobCatalog } from '@hindcast/domain';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPastWorld, type PastWorld } from '../testing/past-world.ts';
import { startVerificationSchedule } from './verification-schedule.ts';

const hourMs = 3_600_000;
let world: PastWorld;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 100 * hourMs + 5_000 });
  world = await createPastWorld();
  await world.register('double');
});
afterEach(async () => {
  await world.close();
  vi.useRealTimers();
});

describe('the hourly verification', () => {
  it('is one job for each hour in which there was something, whoever asks', async () => {
    await world.predict({ id: 'a' }, { id: 'b' });
    const jobs = await openJobCatalog(world.log);
    const ports = { log: world.log, jobs, identity: world.identity };
    const ask = async () => {
      const all = Array.from({ length: 3 }, () =>
        startVerificationSchedule(ports, { share: 0.5, rowsPerSecondMax: 100 }),
      );
      for (const schedule of all) await schedule.first;
      for (const schedule of all) await schedule.stop();
      await jobs.catchUp();
      return jobs.open();
    };
    expect(await ask()).toEqual([]);
    vi.setSystemTime(101 * hourMs + 1);
    const [job, ...more] = await ask();
    expect(more).toEqual([]);
    expect(job?.state.request).toMatchObject({
      kind: 'verification',
      spec: { sample: { share: 0.5, salt: '100' }, rowsPerSecondMax: 100 },
    });
    expect(job?.state.request.spec['cut']).toEqual(await world.cut());
    vi.setSystemTime(102 * hourMs + 1);
    expect(await ask()).toHaveLength(1);
    await jobs.stop();
  });
});
