import { expect } from 'vitest';
import { type Client, clientOf, modelFile } from './client.ts';
import type { Scenario } from './system.ts';

const itemsPerRequest = 1_000;
const hours = { 'cancel-after': '2h' };
const linearRow = { input: [1, 2, 3, 4] };

/** Registers a linear model whose work is held back. */
const addPaused = async (client: Client, name: string): Promise<void> => {
  expect((await client.addModel(name, modelFile('linear'))).status).toBe(201);
  expect((await client.request('POST', `/v1/models/${name}/pause`)).status).toBe(200);
};

/** Sends requests of many items until one is refused, and tells how many items were accepted. */
const flood = async (client: Client, model: string): Promise<{ accepted: number; retryAfter: number }> => {
  const body = JSON.stringify({ model, items: Array.from({ length: itemsPerRequest }, () => linearRow) });
  for (let accepted = 0; ; accepted += itemsPerRequest) {
    const answer = await client.submit(body, hours);
    if (answer.status === 202) continue;
    expect([answer.status, answer.body['type']]).toEqual([503, '/problems/backlog-too-long']);
    expect(answer.body['detail']).toContain(`predictions of '${model}' are open`);
    return { accepted, retryAfter: Number(answer.headers.get('retry-after')) };
  }
};

const expectServed = async (client: Client, model: string): Promise<void> => {
  const { body } = await client.submit({ model, ...linearRow }, hours);
  expect((await client.ended(body['id'])).status).toBe('succeeded');
};
const expectExpiry = async (client: Client, model: string): Promise<void> => {
  const { body } = await client.submit({ model, ...linearRow }, { 'cancel-after': '700ms' });
  const ended = await client.ended(body['id']);
  expect(ended['status']).toBe('expired');
  const took = Date.parse(String(ended['endedAt'])) - Date.parse(String(ended['createdAt']));
  expect(took).toBeGreaterThanOrEqual(700);
  expect(took).toBeLessThan(5_000);
};

export const pausedModelDoesNotStopOthers: Scenario = {
  title: 'a flood of a paused model is refused at its share, and other models are served and their deadlines kept',
  async run(start) {
    const client = clientOf((await start()).url);
    expect((await client.addModel('served', modelFile('linear'))).status).toBe(201);
    await addPaused(client, 'flooded');
    await addPaused(client, 'expiring');
    const { accepted, retryAfter } = await flood(client, 'flooded');
    expect(accepted).toBeGreaterThan(0);
    expect(retryAfter).toBeGreaterThan(0);
    await expectServed(client, 'served');
    await expectExpiry(client, 'expiring');
    expect(
      (await client.submit({ model: 'flooded', items: Array(itemsPerRequest).fill(linearRow) }, hours)).status,
    ).toBe(503);
  },
};

export const openMaxHoldsAtTheDoor: Scenario = {
  title: 'never more is open than may be, however much comes at once and whether or not a worker lives',
  async run(start) {
    const openMax = 2_000;
    const client = clientOf((await start({ openMax, workers: false })).url);
    for (const name of ['a', 'b', 'c']) expect((await client.addModel(name, modelFile('linear'))).status).toBe(201);
    const accepted = async (model: string): Promise<number> => {
      const body = { model, items: Array.from({ length: 100 }, () => linearRow) };
      const answers = await Promise.all(Array.from({ length: 30 }, () => client.submit(body, hours)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202, 503]));
      for (const { status, headers } of answers) {
        if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
      return 100 * answers.filter(({ status }) => status === 202).length;
    };
    // What the log has just taken is counted a moment later: a request or two may slip in at the limit.
    for (const model of ['a', 'b']) {
      const count = await accepted(model);
      expect(count).toBeGreaterThanOrEqual(openMax / 2 - itemsPerRequest / 10);
      expect(count).toBeLessThanOrEqual(openMax / 2 + itemsPerRequest / 2);
    }
    expect((await client.submit({ model: 'c', ...linearRow }, hours)).status).toBe(503);
  },
};
