import { expect } from 'vitest';
import { type Client, clientOf, modelFile } from './client.ts';
import type { Scenario } from './system.ts';

export const slowModelDoesNotDelayFastOne: Scenario = {
  title: "a flood of a slow model does not delay a fast model's predictions",
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('linear', modelFile('linear'));
    const slow = await client.addModel('slow', modelFile('slow'));
    expect(slow.status).toBe(201);
    const millisecondsOf = await iterationsPerMs(client);
    const flood = await client.submit({
      model: 'slow',
      items: Array.from({ length: 300 }, () => ({ input: [Math.round(400 * millisecondsOf)] })),
    });
    expect(flood.status).toBe(202);
    for (let at = 0; at < 5; at++) {
      const { body } = await client.submit({ model: 'linear', input: [at, 0, 0, 0] });
      expect((await client.ended(body['id'])).status).toBe('succeeded');
    }
    const items = flood.body['items'] as { id: string }[];
    const open = await Promise.all(items.map(async ({ id }) => (await client.get(id)).body['status']));
    expect(
      open.filter((status) => status === 'queued' || status === 'running').length,
      'the flood still waits',
    ).toBeGreaterThan(0);
  },
};

/** How many loop turns of the slow model take a millisecond on this machine. */
const iterationsPerMs = async (client: ReturnType<typeof clientOf>): Promise<number> => {
  const turns = 20_000;
  const { body } = await client.submit({ model: 'slow', input: [turns] }, { prefer: 'wait=30' });
  return turns / (body['timings'] as { inferenceMs: number }).inferenceMs;
};

export const crashingModelFails: Scenario = {
  title: 'a model that kills its process fails after three attempts, alone and in company, and nothing else is touched',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('linear', modelFile('linear'));
    expect((await client.addModel('crash', modelFile('crash_on_positive'))).status).toBe(201);
    const alone = await client.submit({ model: 'crash', input: [1] });
    await expectThreeAttempts(client, alone.body['id']);
    // The cost of a run is known after the first, so that what gathered during a pause is one batch.
    expect((await client.submit({ model: 'crash', input: [-1] }, { prefer: 'wait=30' })).status).toBe(201);
    expect((await client.request('POST', '/v1/models/crash/pause')).status).toBe(200);
    const batch = await client.submit({ model: 'crash', items: [{ input: [-1] }, { input: [1] }, { input: [-2] }] });
    const [first, culprit, third] = (batch.body['items'] as { id: string }[]).map(({ id }) => id);
    expect((await client.request('POST', '/v1/models/crash/resume')).status).toBe(200);
    await expectThreeAttempts(client, culprit);
    for (const id of [first, third]) expect((await client.ended(id, 60_000))['status']).toBe('succeeded');
    const fine = await client.submit({ model: 'linear', input: [1, 2, 3, 4] }, { prefer: 'wait=10' });
    expect(fine.body['status']).toBe('succeeded');
  },
};

/** A run that takes more than a second is announced meanwhile, on a machine that is busy. */
const announcedLate = 'PredictionAttemptStarted 1 long_running';

/** The first run of three is told by what follows it: the log hears of those that come after a death. */
const expectThreeAttempts = async (client: Client, id: unknown): Promise<void> => {
  const failed = await client.ended(id, 60_000);
  expect([failed['status'], failed['attempts']]).toEqual(['failed', 3]);
  expect((failed['error'] as { detail: string }).detail).not.toBe('');
  const { body } = await client.request('GET', `/v1/predictions/${String(id)}/events`);
  const history = body['data'] as { type: string; data: { attempt?: number; reason?: string } }[];
  const told = history.map(({ type, data: { attempt = '', reason = '' } }) => `${type} ${attempt} ${reason}`.trim());
  expect(told.filter((event) => event !== announcedLate)).toEqual([
    'PredictionRequested',
    'PredictionAttemptStarted 2 runtime_crashed',
    'PredictionAttemptStarted 3 runtime_crashed',
    'PredictionFailed',
  ]);
};

export const endlessModelTimesOut: Scenario = {
  title: 'a run that never returns is killed in time, and its batch mates succeed',
  async run(start) {
    const client = clientOf((await start({ inferenceTimeoutMs: 1_500 })).url);
    expect(
      (
        await client.addModel(
          'endless',
          modelFile('endless_loop'),
          `?metadata=${encodeURIComponent('{"example":[1]}')}`,
        )
      ).status,
    ).toBe(201);
    const batch = await client.submit({ model: 'endless', items: [{ input: [1] }, { input: [-1] }, { input: [2] }] });
    const [first, culprit, third] = (batch.body['items'] as { id: string }[]).map(({ id }) => id);
    const failed = await client.ended(culprit, 60_000);
    expect([failed['status'], (failed['error'] as { code: string }).code]).toEqual(['failed', 'inference_timed_out']);
    for (const id of [first, third]) expect((await client.ended(id, 60_000))['status']).toBe('succeeded');
  },
};

export const everythingExpires: Scenario = {
  title: 'with no worker alive everything still ends on time',
  async run(start) {
    const client = clientOf((await start({ workers: false })).url);
    const rows = Array.from({ length: 50 }, () => ({ input: [1, 2, 3, 4] }));
    const added = await client.addModel('linear', modelFile('linear'));
    expect(added.status).toBe(201);
    const { body } = await client.submit({ model: 'linear', items: rows }, { 'cancel-after': '700ms' });
    for (const { id } of body['items'] as { id: string }[]) {
      const ended = await client.ended(id);
      expect(ended['status']).toBe('expired');
      const took = Date.parse(String(ended['endedAt'])) - Date.parse(String(ended['createdAt']));
      expect(took).toBeGreaterThanOrEqual(700);
      expect(took).toBeLessThan(5_000);
    }
  },
};
