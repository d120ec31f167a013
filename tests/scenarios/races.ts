import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Client, clientOf, modelFile } from './client.ts';
import { dumpLog, foldRaw, isRequestOf, statusOf } from './log-dump.ts';
import type { Scenario } from './system.ts';

export const duplicatesOfOneKey: Scenario = {
  title: '1,000 concurrent duplicates of one key are one prediction',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    await client.addModel('repeated', modelFile('linear'));
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () =>
        client.submit({ model: 'repeated', input: [1, 1, 1, 1] }, { 'idempotency-key': 'one' }),
      ),
    );
    // Whoever comes after the end gets the result at once.
    const accepted = answers.filter(({ status }) => status === 202 || status === 201);
    expect(answers.filter(({ status }) => status >= 300 && status !== 409)).toEqual([]);
    const [id, ...others] = new Set(accepted.map(({ body }) => body['id']));
    expect(others).toEqual([]);
    await client.ended(id);
    const requests = (await dumpLog(system.log)).filter(isRequestOf('repeated'));
    expect(requests).toHaveLength(1);
  },
};

export const twoBodiesOneKey: Scenario = {
  title: 'of two bodies that race under one key each client can tell which one its answer belongs to',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    await client.addModel('linear', modelFile('linear'));
    for (let round = 0; round < 30; round++) {
      const key = { 'idempotency-key': `race-${round}`, prefer: 'wait=10' };
      const answers = await Promise.all(
        [1, 2].map((first) => client.submit({ model: 'linear', input: [first, 0, 0, 0] }, key)),
      );
      const winners = answers.filter(({ status }) => status === 201);
      const losers = answers.filter(({ status }) => status === 422 || status === 409);
      expect([winners.length, losers.length]).toEqual([1, 1]);
      const { body } = await client.get(winners[0]?.body['id']);
      expect(body['requestHash']).toBe(winners[0]?.body['requestHash']);
      expect(body['output']).toEqual(winners[0]?.body['output']);
    }
  },
};

/** A machine that is busy may break a stream off again and again, and may not know for long what a cancel did. */
const tellMsMax = 60_000;
/** What a stream itself asks for, as `retry`. */
const askAgainMs = 1_000;

/** The whole frames of a stream, which may break off. */
const framesOf = async (body: ReadableStream<Uint8Array>): Promise<string> => {
  let text = '';
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) text += chunk;
  } catch {
    // As after an end, what was told is good.
  }
  return /^[\s\S]*\n\n/.exec(text)?.[0] ?? '';
};

/** What the event stream tells until it has nothing more to tell. Connects again as browsers do, where it broke off too. */
const streamOf = async (url: string, id: string): Promise<string> => {
  const endAt = Date.now() + tellMsMax;
  let told = '';
  while (Date.now() < endAt) {
    const last = [...told.matchAll(/^id: (.*)$/gm)].at(-1)?.[1];
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
    const { status, body } = await fetch(`${url}/v1/predictions/${id}/events`, { headers });
    if (status === 204) return told;
    if (body) told += await framesOf(body);
    await setTimeout(askAgainMs);
  }
  throw new Error(`The stream of ${id} did not end, and told: ${told}`);
};

/** Asks again while the answer is that what the cancel did is not known yet. Each time it may be at once, where many wait. */
const cancelOf = async (client: Client, id: string): Promise<number> => {
  const endAt = Date.now() + tellMsMax;
  while (Date.now() < endAt) {
    const { status } = await client.request('POST', `/v1/predictions/${id}/cancel`);
    if (status !== 202) return status;
    await setTimeout(askAgainMs);
  }
  throw new Error(`What the cancel of ${id} did was not told.`);
};

export const cancelRacesCompletion: Scenario = {
  title: 'a cancel that races completion: log, view, notice, stream, history and API agree on who won',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    await client.addModel('linear', modelFile('linear'));
    const seen: { id: string; waited: unknown; cancel: number; stream: string }[] = [];
    await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const { body } = await client.submit({ model: 'linear', input: [at, 0, 0, 0] });
        const id = String(body['id']);
        const [waited, stream, cancel] = await Promise.all([
          client.get(id, { prefer: 'wait=60' }),
          streamOf(system.url, id),
          setTimeout(at % 7).then(() => cancelOf(client, id)),
        ]);
        seen.push({ id, waited: waited.body['status'], cancel, stream });
      }),
    );
    const folded = foldRaw(await dumpLog(system.log));
    for (const { id, waited, cancel, stream } of seen) {
      const won = statusOf(folded.get(id)?.end);
      expect(waited).toBe(won);
      expect((await client.get(id)).body['status']).toBe(won);
      expect(cancel).toBe(won === 'canceled' ? 200 : 409);
      const history = await client.request('GET', `/v1/predictions/${id}/events`);
      const told = JSON.stringify(history.body);
      expect([stream.includes('"output":'), told.includes('"output":')]).toEqual(Array(2).fill(won === 'succeeded'));
      expect(stream.includes('PredictionCanceled')).toBe(won === 'canceled');
    }
  },
};
