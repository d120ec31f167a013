import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { type Answer, clientOf, modelFile, sampleFile } from './client.ts';
import type { Scenario } from './system.ts';

interface Output<Probabilities> {
  readonly label: string | number;
  readonly probabilities: Probabilities;
}

/** What onnxruntime for Python answered: probabilities in the order of the classes, without names. */
interface Golden {
  readonly input: Record<string, number | string | null>;
  readonly output: Output<readonly number[]>;
}

const golden = async (sample: string): Promise<readonly Golden[]> =>
  (await readFile(sampleFile(`${sample}/golden.ndjson`), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

export const answersEqualDirectRun: Scenario = {
  title: 'an answer equals a direct run of the same file in onnxruntime',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    const rows = await golden('churn');
    const session = await InferenceSession.create(await readFile(sampleFile('churn/model.onnx')));
    for (const { input } of rows) {
      const { status, body } = await client.submit({ model: 'churn', input }, { prefer: 'wait=10' });
      expect(status).toBe(201);
      const feeds = Object.fromEntries(
        Object.entries(input).map(([name, value]) => [
          name,
          typeof value === 'string'
            ? new Tensor('string', [value], [1, 1])
            : new Tensor('float32', Float32Array.of(value ?? Number.NaN), [1, 1]),
        ]),
      );
      const direct = await session.run(feeds);
      const output = body['output'] as Output<Record<string, number>>;
      expect(output.label).toBe(direct['label']?.data[0]);
      expect(Object.values(output.probabilities)).toEqual(
        Array.from((direct['probabilities']?.data ?? []) as Float32Array),
      );
    }
  },
};

export const manyAtOnce: Scenario = {
  title: 'a batch of items is accepted in one append, and every item gets its own answer',
  async run(start) {
    const client = clientOf((await start()).url);
    const rows = await golden('breast-cancer');
    const items = Array.from({ length: 300 }, (_, at) => ({
      input: rows[at % rows.length]?.input,
      referenceId: `row-${at}`,
    }));
    const { status, body } = await client.submit({ model: 'breast-cancer', items });
    expect(status).toBe(202);
    const accepted = body['items'] as { id: string }[];
    expect(accepted).toHaveLength(items.length);
    const ended = await Promise.all(accepted.map(({ id }) => client.ended(id)));
    ended.forEach((result, at) => {
      const expected = rows[at % rows.length]?.output as Golden['output'];
      const output = result['output'] as Output<Record<string, number>>;
      expect(result['referenceId']).toBe(`row-${at}`);
      expect(output.label).toBe(expected.label);
      Object.values(output.probabilities).forEach((value, column) => {
        expect(value).toBeCloseTo(expected.probabilities[column] ?? Number.NaN, 5);
      });
    });
  },
};

export const oneBadRow: Scenario = {
  title: 'one bad item is refused with a pointer, and the others are accepted',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('linear', modelFile('linear'));
    const { status, body } = await client.submit({
      model: 'linear',
      items: [{ input: [1, 2, 3, 4] }, { input: [1, 2, 'three', 4] }, { input: [4, 3, 2, 1] }],
    });
    expect(status).toBe(202);
    const items = body['items'] as { id?: string; problem?: { errors: { pointer: string }[] } }[];
    expect(items[1]?.problem?.errors[0]?.pointer).toBe('/items/1/input/2');
    for (const at of [0, 2]) expect((await client.ended(items[at]?.id))['status']).toBe('succeeded');
  },
};

const dtypes = 'float double float16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool string'.split(' ');

export const largePayloads: Scenario = {
  title: 'an input and an output over the size of an event are read whole, together and on their own',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('echo', modelFile('echo_types'));
    const text = 'é'.repeat(300_000);
    const input = Object.fromEntries(
      dtypes.map((dtype) => [`in_${dtype}`, dtype === 'string' ? text : dtype === 'bool' ? true : 1]),
    );
    const body = { model: 'echo', input };
    const key = { 'idempotency-key': 'large' };
    const waited = await client.submit(body, { ...key, prefer: 'wait=20' });
    expect(waited.status).toBe(201);
    expect((waited.body['output'] as Record<string, unknown>)['out_string']).toBe(text);
    const { id, output } = waited.body;
    expect((await client.get(id)).body).toEqual(waited.body);
    expect((await client.submit(body, key)).body).toEqual(waited.body);
    const part = async (name: string) => (await client.request('GET', `/v1/predictions/${String(id)}/${name}`)).body;
    expect(await part('input')).toEqual(input);
    expect(await part('output')).toEqual(output);
    const [listed] = (await client.request('GET', '/v1/predictions')).body['data'] as Record<string, unknown>[];
    expect([listed?.['outputRef'], listed?.['output']]).toEqual([waited.body['outputRef'], undefined]);
  },
};

export const restartKeepsEverything: Scenario = {
  title: 'a restart on the same folder keeps models, results, history and idempotency',
  async run(start) {
    const { mkdtemp } = await import('node:fs/promises');
    const folder = await mkdtemp('/tmp/hindcast-restart-');
    const first = await start({ folder });
    const before = clientOf(first.url);
    expect((await before.addModel('linear', modelFile('linear'))).status).toBe(201);
    const key = { 'idempotency-key': '"order-17"' };
    const submitted = await before.submit({ model: 'linear', input: [1, 2, 3, 4] }, { ...key, prefer: 'wait=10' });
    const { body: result } = await before.get(submitted.body['id']);
    const batch = { model: 'linear', items: [{ input: ['bad', 0, 0, 0] }, { input: [0, 0, 0, 1] }] };
    const batchKey = { 'idempotency-key': '"order-18"' };
    const accepted = await before.submit(batch, batchKey);
    expect(accepted.status).toBe(202);
    await before.get((accepted.body['items'] as { id?: string }[])[1]?.id, { prefer: 'wait=10' });
    await first.stop();

    const after = clientOf((await start({ folder })).url);
    expect((await after.get(result['id'])).body).toEqual(result);
    const replayed = await after.submit({ model: 'linear', input: [1, 2, 3, 4] }, key);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect(replayed.body['id']).toBe(result['id']);
    const conflicting = await after.submit({ model: 'linear', input: [9, 9, 9, 9] }, key);
    expect(conflicting.status).toBe(422);
    const many = { model: 'linear', items: [{ input: [1, 2, 3, 4] }] };
    expect((await after.submit(many, key)).status).toBe(422);
    const repeated = await after.submit(batch, batchKey);
    expect(repeated.headers.get('idempotency-replayed')).toBe('true');
    const itemsOf = ({ body }: Answer) =>
      (body['items'] as { id?: string; problem?: unknown }[]).map(({ id, problem }) => id ?? problem);
    expect(itemsOf(repeated)).toEqual(itemsOf(accepted));
    for (const items of [batch.items.slice(1), [...batch.items, { input: [0, 0, 0, 0] }]]) {
      expect((await after.submit({ ...batch, items }, batchKey)).status).toBe(422);
    }
    expect((await after.submit({ model: 'linear', input: [0, 0, 0, 1] }, batchKey)).status).toBe(422);
    const history = await after.request('GET', `/v1/predictions/${String(result['id'])}/events`);
    const types = (history.body['data'] as { type: string }[]).map(({ type }) => type);
    // A run that takes more than a second says that it has begun, which depends on the machine.
    const facts = types.filter((type) => type !== 'PredictionAttemptStarted');
    expect(facts).toEqual(['PredictionRequested', 'PredictionSucceeded']);
    const fresh = await after.submit({ model: 'linear', input: [0, 0, 0, 1] }, { prefer: 'wait=10' });
    expect(fresh.body['status']).toBe('succeeded');
  },
};

export const mixedRowsAnswerAlone: Scenario = {
  title: 'a model that mixes the rows of a run answers each of them as if it were alone, and its registration says so',
  async run(start) {
    const client = clientOf((await start()).url);
    const added = await client.addModel('mixing', modelFile('batch_mixing'));
    expect(added.body).toMatchObject({ settings: { batchMax: 1 }, warnings: [{ code: 'rows_not_independent' }] });
    const shown = await client.request('GET', '/v1/models/mixing/versions/1');
    expect(shown.body['warnings']).toEqual(added.body['warnings']);
    const items = [1, 2, 3, 4].map((x) => ({ input: [x] }));
    const { body } = await client.submit({ model: 'mixing', items });
    for (const { id } of body['items'] as { id: string }[]) {
      expect((await client.ended(id))['output']).toEqual({ y: 0 });
    }
    for (const name of ['linear', 'mlp', 'echo_types', 'two_outputs', 'sequence', 'image', 'endless_loop', 'slow']) {
      const sidecar = name === 'endless_loop' ? '?metadata={"example":{"x":1}}' : '';
      const { status, body: version } = await client.addModel(
        `plain-${name.replace('_', '-')}`,
        modelFile(name),
        sidecar,
      );
      expect([name, status, version['warnings']]).toEqual([name, 201, undefined]);
    }
  },
};
