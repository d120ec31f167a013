import { deflateSync, gzipSync } from 'node:zlib';
import type { ModelSignature, PredictionRequested } from '@hindcast/domain';
import { aModelPaused, aModelVersionQuarantined } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, createCommandWorld } from '../testing/command-world.ts';

const matrix: ModelSignature = {
  batched: true,
  inputs: [{ name: 'x', datatype: 'float32', shape: [null, 2] }],
  outputs: [
    { name: 'sum', datatype: 'float64', shape: [null, 1] },
    { name: 'classes', datatype: 'float32', shape: [null, 2] },
    { name: 'label', datatype: 'string', shape: [null] },
  ],
  features: [
    { name: 'left', input: 'x', datatype: 'float32', shape: [], column: 0, missing: 'nan' },
    { name: 'right', input: 'x', datatype: 'float32', shape: [], column: 1, missing: 'nan' },
  ],
  classes: ['no', 'yes'],
  replayable: true,
};
const sums = (input: unknown) => {
  const { left, right } = input as { left: number; right: number };
  return { sum: left + right, classes: { no: 0.25, yes: 0.75 }, label: `l${left}` };
};

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
  await world.haveModel({ signature: matrix, example: { left: 0, right: 0 } });
});
afterEach(() => world.close());

const x = (data: unknown, shape = [2, 2]) => ({ name: 'x', shape, datatype: 'FP32', data });
const infer = (payload: object, url = '/v2/models/churn/infer') => world.send('POST', url, payload);

describe('an inference', () => {
  it('is n predictions in the log, answered together and in order', async () => {
    await world.answerAll(sums);
    const answer = await infer({ id: 'call-1', inputs: [x([1, 2, 3, 4])] });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      id: 'call-1',
      model_name: 'churn',
      model_version: '1',
      outputs: [
        { name: 'sum', datatype: 'FP64', shape: [2, 1], data: [3, 7] },
        { name: 'classes', datatype: 'FP32', shape: [2, 2], data: [0.25, 0.75, 0.25, 0.75] },
        { name: 'label', datatype: 'BYTES', shape: [2], data: ['l1', 'l3'] },
      ],
    });
    const requests = (await world.events()).filter(
      (event): event is PredictionRequested => event.type === 'PredictionRequested',
    );
    expect(requests.map(({ data }) => [data.batchIndex, data.input, data.referenceId, data.role]).sort()).toEqual([
      [0, { left: 1, right: 2 }, 'call-1', 'champion'],
      [1, { left: 3, right: 4 }, 'call-1', 'champion'],
    ]);
  });

  it('takes nested data, and answers the outputs that are asked for, in their order', async () => {
    await world.answerAll(sums);
    const answer = await infer(
      {
        inputs: [
          x([
            [1, 2],
            [3, 4],
          ]),
        ],
        outputs: [{ name: 'label' }, { name: 'sum' }],
      },
      '/v2/models/churn/versions/1/infer',
    );
    expect(answer.json().outputs.map(({ name }: { name: string }) => name)).toEqual(['label', 'sum']);
  });

  it('takes null for what a client leaves out', async () => {
    await world.answerAll(sums);
    const input = { ...x([1, 2, 3, 4]), parameters: null };
    const answer = await infer({ id: null, parameters: null, inputs: [input], outputs: null });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().outputs).toHaveLength(3);
  });

  it('may come compressed, within the bound of what it unpacks to', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { batchBytesMax: 10_000 } });
    await world.haveModel({ signature: matrix, example: { left: 0, right: 0 } });
    await world.answerAll(sums);
    const send = (payload: Buffer, encoding: string) =>
      world.app.inject({
        method: 'POST',
        url: '/v2/models/churn/infer',
        payload,
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      });
    const body = Buffer.from(JSON.stringify({ inputs: [x([1, 2, 3, 4])] }));
    for (const [encoding, payload] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['identity', body],
    ] as const) {
      expect([encoding, (await send(payload, encoding)).statusCode]).toEqual([encoding, 200]);
    }
    expect((await send(body, 'gzip')).statusCode).toBe(400);
    expect((await send(gzipSync(Buffer.alloc(10_001)), 'gzip')).statusCode).toBe(413);
    const unknown = await send(body, 'br');
    expect([unknown.statusCode, unknown.headers['accept-encoding']]).toEqual([415, 'gzip, deflate']);
  });

  it('reads and writes tensors in binary', async () => {
    await world.answerAll(sums);
    const tensor = Buffer.from(Float32Array.of(1, 2, Number.NaN, 4).buffer);
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32', parameters: { binary_data_size: tensor.length } }],
        parameters: { binary_data_output: true },
        outputs: [{ name: 'sum' }, { name: 'label' }, { name: 'classes', parameters: { binary_data: false } }],
      }),
    );
    const answer = await world.app.inject({
      method: 'POST',
      url: '/v2/models/churn/infer',
      payload: Buffer.concat([head, tensor]),
      headers: { 'inference-header-content-length': String(head.length) },
    });
    expect(answer.statusCode).toBe(200);
    const length = Number(answer.headers['inference-header-content-length']);
    const json = JSON.parse(answer.rawPayload.subarray(0, length).toString());
    expect(json.outputs.map((one: object) => ('data' in one ? 'json' : 'binary'))).toEqual([
      'binary',
      'binary',
      'json',
    ]);
    const rest = answer.rawPayload.subarray(length);
    expect([rest.readDoubleLE(0), rest.readDoubleLE(8)]).toEqual([3, 4]);
    expect(rest.subarray(16).toString('latin1')).toBe('\x02\0\0\0l1\x05\0\0\0lnull');
    const stored = (await world.events()).find(
      (event) => event.type === 'PredictionRequested' && event.data.batchIndex === 1,
    );
    expect(stored?.data).toMatchObject({ input: { left: null, right: 4 } });
  });

  it.each([
    ['a shape that is not the data', { inputs: [x([1, 2, 3])] }, 'needs 4'],
    ['an unknown input', { inputs: [{ ...x([1, 2, 3, 4]), name: 'y' }] }, "no input 'y'"],
    ['another datatype', { inputs: [{ ...x([1, 2, 3, 4]), datatype: 'FP64' }] }, 'expects FP32'],
    ['too few columns', { inputs: [x([1, 2, 3], [3, 1])] }, '2 elements per row'],
    ['no rows', { inputs: [x([], [0, 2])] }, '1 to 1000 rows'],
    ['an unknown output', { inputs: [x([1, 2, 3, 4])], outputs: [{ name: 'z' }] }, "no output 'z'"],
    ['no inputs', { inputs: [] }, '/inputs'],
    ['no data', { inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32' }] }, 'neither'],
    ['a bad value', { inputs: [x([1, 'a', 3, 4])] }, '/rows/0/input/right'],
    ['an input twice', { inputs: [x([1, 2, 3, 4]), x([1, 2, 3, 4])] }, 'twice'],
    [
      'binary that is not there',
      { inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32', parameters: { binary_data_size: 16 } }] },
      'does not fit',
    ],
  ])('with %s is refused as a whole', async (_what, payload, text) => {
    const answer = await infer(payload);
    expect(answer.statusCode).toBe(400);
    expect(Object.keys(answer.json())).toEqual(['error']);
    expect(answer.json().error).toContain(text);
    expect(await world.events()).toEqual([]);
  });

  it('with a text that a model would get cut off is refused, in JSON and in binary', async () => {
    const signature: ModelSignature = {
      ...matrix,
      inputs: [{ name: 't', datatype: 'string', shape: [null, 1] }],
      features: [{ name: 't', input: 't', datatype: 'string', shape: [], missing: 'refuse' }],
    };
    await world.haveModel({ signature, example: { t: '' }, sha256: 'b'.repeat(64) });
    const t = { name: 't', shape: [2, 1], datatype: 'BYTES' };
    const binary = Buffer.from('\x01\0\0\0a\x03\0\0\0b\0c');
    const head = Buffer.from(JSON.stringify({ inputs: [{ ...t, parameters: { binary_data_size: binary.length } }] }));
    const headers = { 'inference-header-content-length': String(head.length) };
    const url = '/v2/models/churn/versions/2/infer';
    for (const answer of [
      await infer({ inputs: [{ ...t, data: ['a', 'b\0c'] }] }, url),
      await world.app.inject({ method: 'POST', url, payload: Buffer.concat([head, binary]), headers }),
    ]) {
      expect([answer.statusCode, answer.json().error]).toEqual([
        400,
        expect.stringContaining('/rows/1/input/t must not contain a NUL character'),
      ]);
    }
    expect(await world.events()).toEqual([]);
  });

  it.each([
    ['an object', [], 'The body: Expected object.'],
    ['inputs', { input: [x([1, 2])] }, '/inputs: This member is missing.'],
    ['an input', { inputs: [] }, '/inputs: Expected at least 1 element, not 0.'],
    [
      'an input with a name',
      { inputs: [{ ...x([1, 2]), name: undefined }] },
      '/inputs/0/name: This member is missing.',
    ],
    ['a shape without a gap', { inputs: [x([1, 2], [-1, 2])] }, '/inputs/0/shape/0: Expected 0 or more.'],
    ['a list of data', { inputs: [x('1, 2')] }, '/inputs/0/data: One of these was expected: array, null.'],
    ['a short id', { id: 'x'.repeat(257), inputs: [x([1, 2])] }, '/id: Expected a text of at most 256 characters.'],
    ['names of outputs', { inputs: [x([1, 2])], outputs: [{}] }, '/outputs/0/name: This member is missing.'],
  ])('that needs %s says so, and where', async (_what, payload, text) => {
    const answer = await infer(payload);
    expect([answer.statusCode, answer.json()]).toEqual([400, { error: `invalid-body: ${text}` }]);
  });

  it('that does not end in time is a time-out', async () => {
    const answer = await infer({ inputs: [x([1, 2, 3, 4])], parameters: { timeout: 1_000 } });
    expect(answer.statusCode).toBe(504);
    expect(answer.json().error).toContain('in time');
  });

  it('of which one row failed is an error', async () => {
    const answering = infer({ inputs: [x([1, 2], [1, 2])] });
    await expect.poll(async () => (await world.events()).length).toBe(1);
    await world.fail((await world.events())[0]?.subject ?? '');
    const answer = await answering;
    expect(answer.statusCode).toBe(500);
    expect(answer.json().error).toContain('The model refused the input.');
  });
});

describe('the server and its models', () => {
  it('say what they are', async () => {
    expect((await world.send('GET', '/v2')).json()).toEqual({
      name: 'hindcast',
      version: '1',
      extensions: ['binary_tensor_data'],
    });
    expect((await world.send('GET', '/v2/health/live')).statusCode).toBe(200);
    expect((await world.send('GET', '/v2/health/ready')).statusCode).toBe(200);
    for (const url of ['/v2/models/churn', '/v2/models/churn/versions/1']) {
      expect((await world.send('GET', url)).json()).toMatchObject({
        name: 'churn',
        versions: ['1'],
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      });
    }
    expect((await world.send('GET', '/v2/models/churn/ready')).statusCode).toBe(200);
    await world.haveModelEvent(aModelPaused());
    expect((await world.send('GET', '/v2/models/churn/ready')).statusCode).toBe(400);
    await world.haveModelEvent(aModelVersionQuarantined());
    expect((await world.send('GET', '/v2/models/churn/versions/1/ready')).statusCode).toBe(400);
  });

  it('are not ready when the process is not', async () => {
    await world.close();
    world = await createCommandWorld({ ports: { ready: async () => false } });
    expect((await world.send('GET', '/v2/health/ready')).statusCode).toBe(400);
  });

  it.each([
    ['GET', '/v2/models/nobody', 404],
    ['GET', '/v2/models/churn/versions/7', 404],
    ['GET', '/v2/models/churn/versions/x', 400],
    ['GET', '/v2/nothing', 404],
    ['POST', '/v2/models/churn', 405],
    ['GET', '/v2/models/churn/infer', 405],
  ] as const)('%s %s is %i in the words of the protocol', async (method, url, status) => {
    const answer = await world.send(method, url);
    expect(answer.statusCode).toBe(status);
    expect(Object.keys(answer.json())).toEqual(['error']);
  });
});
