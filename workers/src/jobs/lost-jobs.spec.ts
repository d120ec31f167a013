import { isEndedJob, type JobHandler, lostMax } from '@hindcast/domain';
import { expect, it } from 'vitest';
import { createJobWorld } from '../testing/job-world.ts';
import { until } from '../testing/worker-world.ts';

const attemptsMax = 7;

it.each<[string, (attempt: number) => number, number]>([
  ['survives any number of crashes when it comes further between them', (attempt) => attempt * 20, attemptsMax],
  ['fails when its processes die at one place, however far that is', () => 30, 3],
  ['fails when its processes die before it has come anywhere', () => 0, 3],
])('a job %s', async (_, diesAt, attempts) => {
  const world = await createJobWorld();
  const dying: JobHandler = async ({ attempt }, { progress, checkpoint, signal }) => {
    for (let done = Number(checkpoint?.['done'] ?? 0); done <= diesAt(attempt); done++)
      progress({ done, unit: 'steps', checkpoint: { done } });
    if (attempt === attemptsMax) return {};
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const job = () => world.job('j-1');
  try {
    await world.tell(world.request('j-1'));
    for (let attempt = 1; attempt < attemptsMax && attempt <= attempts; attempt++) {
      const runner = await world.start({ handlers: { count: dying } });
      await until(() => job()?.progress?.attempt === attempt && job()?.progress?.done === diesAt(attempt));
      await runner.kill();
    }
    await world.start({ handlers: { count: dying } });
    await until(() => isEndedJob(job() ?? { status: 'unknown' }));
    const ended =
      attempts === attemptsMax ? { status: 'succeeded' } : { status: 'failed', error: { code: 'job_lost' } };
    expect(job()).toMatchObject({ ...ended, attempts });
  } finally {
    await world.close();
  }
});

it('a job that another loss would end is not begun by processes that do not live long', async () => {
  const world = await createJobWorld();
  const stuck: JobHandler = (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const attempts = () => (world.job('j-1') as { attempts?: number } | undefined)?.attempts;
  try {
    await world.tell(world.request('j-1'));
    for (const attempt of [1, 2]) {
      const runner = await world.start({ handlers: { count: stuck } });
      await until(() => attempts() === attempt);
      await runner.kill();
    }
    for (let life = 0; life < lostMax; life++) {
      const runner = await world.start({ handlers: { count: stuck }, lastAttemptAfterMs: 60_000 });
      await runner.whenCaughtUp();
      expect([runner.stats(), attempts()]).toEqual([{ open: 1, running: 0 }, 2]);
      await runner.kill();
    }
    await world.start({ handlers: { count: async () => ({}) } });
    await until(() => isEndedJob(world.job('j-1') ?? { status: 'unknown' }));
    expect(world.job('j-1')).toMatchObject({ status: 'succeeded', attempts: 3 });
  } finally {
    await world.close();
  }
});
