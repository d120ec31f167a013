import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { type Answer, type Client, clientOf, sampleFile, until } from '../scenarios/client.ts';
import { endOf, jobEnded } from '../scenarios/verification.ts';
import { churnInput } from './churn-input.ts';
import { randomFrom, seedOfTest } from './random-from.ts';
import { startServerProcess } from './server-process.ts';

const batches = 10;
const itemsOfBatch = 1_000;
const predictions = batches * itemsOfBatch;

/** A backtest begins a new file of rows, and tells of a checkpoint, after 4 MiB: long rows make some 6 MB of them. */
const entity = 'customer'.padEnd(250, '-');
const inputOf = (batch: number, at: number) => ({ ...churnInput, tenure_months: at % 60, usage_hours: batch + at / 7 });

describe('10,000 predictions', () => {
  let server: HindcastProcess;
  let client: Client;
  let folder = '';
  let end = '';
  /** Of the last batch. */
  let ids: readonly string[] = [];
  const start = async () => {
    server = await startServerProcess(folder);
    client = clientOf(server.url);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-verify-'));
    await start();
    for (let batch = 0; batch < batches; batch++) {
      const items = Array.from({ length: itemsOfBatch }, (_, at) => ({ input: inputOf(batch, at), entity }));
      const { status, body } = await client.submit({ model: 'churn', items });
      expect(status).toBe(202);
      ids = (body['items'] as { id: string }[]).map(({ id }) => id);
    }
    await Promise.all(ids.map((id) => client.ended(id)));
    end = await endOf(client);
  });
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const verify = (body: object) => client.request('POST', '/v1/verifications', { body });

  it('are given again bit by bit', async () => {
    const { report } = await jobEnded(client, await verify({ rowsPerSecondMax: 1_000_000 }));
    expect(report).toMatchObject({ verified: predictions, exact: predictions, reasons: {} });
  });

  it('are verified to the end by the next process where one is killed, and none of them twice', async () => {
    const begun = await verify({ rowsPerSecondMax: 2_500, to: end });
    const job = `/v1/jobs/${String(begun.body['id'])}`;
    await until('some are verified', async () => {
      const { body } = await client.request('GET', String((begun.body['links'] as { self: string }).self));
      return Number((body['report'] as { verified?: number } | undefined)?.verified ?? 0) > 0;
    });
    await server.kill();
    await start();
    const { report } = await jobEnded(client, begun);
    expect(report).toMatchObject({ verified: predictions, exact: predictions, counts: { requests: predictions } });
    expect((await client.request('GET', job)).body).toMatchObject({ attempts: 2 });
  });

  it('are put to another version with the same reports and rows, by two backtests whose process is killed twice', {
    timeout: 240_000,
  }, async () => {
    const seed = seedOfTest();
    const random = randomFrom(seed);
    const metadata = encodeURIComponent(JSON.stringify({ threshold: 0.7 }));
    await client.addModel('churn', sampleFile('churn/model.onnx'), `?metadata=${metadata}`);
    for (const id of ids.slice(0, 100))
      await client.request('POST', `/v1/predictions/${id}/labels`, {
        body: { value: Number(id.at(-1)) % 2 ? 'yes' : 'no' },
      });
    const to = await endOf(client);
    const wishes = [{ slices: ['input.tenure_months', 'version'] }, { sample: { share: 0.9, salt: '' } }];
    const begin = (wish: object, rowsPerSecondMax: number) =>
      client.request('POST', '/v1/backtests', { body: { model: 'churn@2', to, rowsPerSecondMax, ...wish } });
    const found = async (begun: Answer) => {
      const { report } = await jobEnded(client, begun);
      const { self } = begun.body['links'] as { self: string };
      return { report, rows: await (await fetch(`${client.url}${self}/rows`)).text() };
    };
    const expected = [];
    for (const wish of wishes) expected.push(await found(await begin(wish, 1_000_000)));
    const changed = expect.toSatisfy((rows: number) => rows > 0);
    expect(expected[0]?.report).toMatchObject({ compared: predictions, refused: 0, labelled: 100, changed });

    const begun: Answer[] = [];
    for (const wish of wishes) begun.push(await begin(wish, 1_500));
    const live = answerMeanwhile(() => client, await recorded(client, ids.slice(0, 20)));
    const progressOf = async ({ body }: Answer) => {
      const job = (await client.request('GET', (body['links'] as { self: string }).self)).body;
      const { done, total } = { done: 0, total: 1, ...(job['progress'] as object | undefined) };
      return { share: done / total, goesOn: job['report'] !== undefined && job['endedAt'] === undefined };
    };
    const aim = random() / 2;
    const killWhen = async (isTime: (both: readonly Awaited<ReturnType<typeof progressOf>>[]) => boolean) => {
      const what = `both are far enough to be killed (seed ${seed})`;
      await until(what, async () => isTime(await Promise.all(begun.map(progressOf))), 60_000);
      await server.kill();
      await start();
    };
    await killWhen((both) => both.every(({ share }) => share >= aim));
    // From then on the next process does not begin anew: there is a checkpoint.
    await killWhen((both) => both.some(({ goesOn }) => goesOn));
    const attempts: unknown[] = [];
    for (const [at, one] of begun.entries()) {
      expect(await found(one), `seed ${seed}`).toEqual(expected[at]);
      const { body } = await client.request('GET', (one.body['links'] as { job: string }).job);
      expect(body).toMatchObject({ status: 'succeeded' });
      attempts.push(body['attempts']);
    }
    expect(attempts).toContain(3);
    expect(await live.stop()).toBeGreaterThan(20);
  });

  it('are mismatches when one byte of their model is another one, and nothing else breaks', async () => {
    const name = createHash('sha256')
      .update(await readFile(sampleFile('churn/model.onnx')))
      .digest('hex');
    const places = await readdir(folder, { recursive: true });
    const file = join(folder, places.find((place) => place.endsWith(name)) ?? 'nowhere');
    const bytes = await readFile(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await rm(file);
    await writeFile(file, bytes);
    const { report } = await jobEnded(client, await verify({ rowsPerSecondMax: 1_000_000, to: end }));
    expect(report).toMatchObject({ verified: predictions, exact: 0, mismatch: predictions });
    expect(report).toMatchObject({ reasons: { model_changed: predictions } });
    expect((await client.request('GET', '/v1/models/churn')).status).toBe(200);
  });
});

interface Known {
  readonly input: unknown;
  readonly output: unknown;
}

const recorded = (client: Client, ids: readonly string[]): Promise<readonly Known[]> =>
  Promise.all(
    ids.map(async (id) => {
      const { body } = await client.get(id);
      return { input: (await client.request('GET', `/v1/predictions/${id}/input`)).body, output: body['output'] };
    }),
  );

/** Asks again and again what was asked before, and fails where an answer is another one. */
const answerMeanwhile = (client: () => Client, known: readonly Known[]) => {
  let stopping = false;
  let answered = 0;
  const asking = (async () => {
    for (let at = 0; !stopping; at++) {
      const { input, output } = known[at % known.length] as Known;
      const body = { model: 'churn@1', input };
      // The process is killed under some of the requests.
      const answer = await client()
        .submit(body, { prefer: 'wait=10' })
        .catch(() => undefined);
      if (answer?.status !== 201) continue;
      expect(answer.body['output']).toEqual(output);
      answered += 1;
    }
  })();
  return {
    /** How many answers there were, all of them as before. */
    stop: async () => {
      stopping = true;
      await asking;
      return answered;
    },
  };
};
