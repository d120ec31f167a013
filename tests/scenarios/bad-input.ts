import { connect } from 'node:net';
import { expect } from 'vitest';
import { clientOf, modelFile } from './client.ts';
import type { Scenario } from './system.ts';

const input = [1, 2, 3, 4];
const deep = `{"model":"linear","input":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;

/** Body, expected status, and the code at the end of the problem's type. */
const bodies: readonly (readonly [what: string, body: string, status: number, code: RegExp])[] = [
  ['no JSON', '{"model":', 400, /malformed/],
  ['an unknown field', JSON.stringify({ model: 'linear', input, colour: 'red' }), 422, /invalid-body/],
  ['no model', JSON.stringify({ input }), 422, /invalid-body/],
  ['an unknown model', JSON.stringify({ model: 'linnear', input }), 404, /unknown-model/],
  ['an unknown version', JSON.stringify({ model: 'linear@99', input }), 404, /unknown-model-version/],
  ['a text for a number', JSON.stringify({ model: 'linear', input: [1, 2, 'x', 4] }), 422, /input/],
  ['a row that is too short', JSON.stringify({ model: 'linear', input: [1, 2] }), 422, /input/],
  ['a nested row', JSON.stringify({ model: 'linear', input: [[1, 2, 3, 4]] }), 422, /input/],
  ['NaN', '{"model":"linear","input":[NaN,2,3,4]}', 400, /malformed/],
  ['a number that no float32 holds', '{"model":"linear","input":[1e300,2,3,4]}', 422, /input/],
  ['a number that no double holds', '{"model":"linear","input":[1e999,2,3,4]}', 400, /malformed/],
  ['depth 10,000', deep, 400, /malformed/],
  ['a key given twice', '{"model":"linear","model":"linear","input":[1,2,3,4]}', 400, /malformed/],
  ['a prototype', '{"model":"linear","input":[1,2,3,4],"__proto__":{"x":1}}', 400, /malformed/],
  [
    '1,001 items',
    JSON.stringify({ model: 'linear', items: Array.from({ length: 1001 }, () => ({ input })) }),
    422,
    /invalid-body/,
  ],
  ['no items', JSON.stringify({ model: 'linear', items: [] }), 422, /invalid-body/],
  ['a huge reference', JSON.stringify({ model: 'linear', input, referenceId: 'x'.repeat(5_000) }), 422, /invalid-body/],
  [
    'over 1 MiB',
    JSON.stringify({ model: 'linear', input, context: { text: 'x'.repeat(1_100_000) } }),
    413,
    /too-large/,
  ],
];

const models: readonly (readonly [file: string, reason: string])[] = [
  ['broken', 'not_onnx'],
  ['not_onnx', 'not_onnx'],
  ['external_data', 'external_data'],
  ['external_data_nested', 'external_data'],
  ['zipmap', 'zipmap_output'],
  ['custom_domain', 'custom_domain'],
  ['future_opset', 'opset_too_new'],
  ['future_ir', 'ir_too_new'],
  ['endless_loop_always', 'timed_out'],
  ['crash_on_load', 'load_crashed'],
];

export const badInputIsRefused: Scenario = {
  title: 'bad input gets its documented refusal, and costs the process nothing',
  async run(start) {
    const { url } = await start({ inferenceTimeoutMs: 2_000 });
    const client = clientOf(url);
    expect((await client.addModel('linear', modelFile('linear'))).status).toBe(201);
    for (const [what, body, status, code] of bodies) {
      const answer = await client.request('POST', '/v1/predictions', { body });
      expect([what, answer.status], JSON.stringify(answer.body)).toEqual([what, status]);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(String(answer.body['type']), what).toMatch(code);
      const page = await fetch(`${url}${String(answer.body['type'])}`);
      expect([what, page.status]).toEqual([what, 200]);
    }
    const invalidUtf8 = await fetch(`${url}/v1/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff, 0xfe]), Buffer.from('","input":[1,2,3,4]}')]),
    });
    expect(invalidUtf8.status).toBe(400);
    const xml = await client.request('POST', '/v1/predictions', {
      body: '<x/>',
      headers: { 'content-type': 'application/xml' },
    });
    expect(xml.status).toBe(415);
    expect((await client.request('PATCH', '/v1/predictions')).status).toBe(405);
    expect((await client.get('never-accepted')).status).toBe(404);

    for (const [file, reason] of models) {
      const answer = await client.addModel('hostile', modelFile(file));
      expect([file, answer.status], JSON.stringify(answer.body)).toEqual([file, 422]);
      expect([file, answer.body['reason']]).toEqual([file, reason]);
    }
    const fine = await client.submit({ model: 'linear', input }, { prefer: 'wait=10' });
    expect(fine.body['status']).toBe('succeeded');
  },
};

export const trickledBodyIsCut: Scenario = {
  title: 'a body that trickles in is cut off in time',
  async run(start) {
    const { url } = await start();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      socket.write(
        'POST /v1/predictions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
      );
      const trickle = setInterval(() => socket.write(' '), 1_000);
      socket.on('data', (chunk) => {
        received += chunk.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        clearInterval(trickle);
        resolve(received);
      });
    });
    expect(text).toMatch(/^HTTP\/1\.1 408/);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  },
};
