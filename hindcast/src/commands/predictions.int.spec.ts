import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

const queued = { id: 'p1', status: 'queued', model: 'churn', modelVersion: 1 };
const succeeded = { ...queued, status: 'succeeded', output: { label: 'no' }, timings: { queuedMs: 1, inferenceMs: 2 } };

describe('hindcast predict', () => {
  it('sends what it was given and prints the output alone', async () => {
    const { url, asked } = await serve((_, response) => send(response, 201, succeeded));
    const args = [
      'predict',
      'churn',
      '{"plan":"pro"}',
      '--key',
      'order "1"',
      '--entity',
      'c-17',
      '--cancel-after',
      '2m',
    ];
    const { code, out, err } = await cli([...args, '--url', url]);
    expect({ code, out: JSON.parse(out) }).toEqual({ code: 0, out: { label: 'no' } });
    expect(err).toContain('p1  succeeded  churn@1  3 ms');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ model: 'churn', input: { plan: 'pro' }, entity: 'c-17' });
    expect(asked[0]?.headers).toMatchObject({
      'idempotency-key': '"order \\"1\\""',
      'cancel-after': '120000ms',
      prefer: 'wait=2',
    });
  });

  it('goes on asking while the server answers before the end', async () => {
    const { url, asked } = await serve((_, response, turn) =>
      turn < 4
        ? send(response, turn === 2 ? 200 : 202, { ...queued, paused: turn === 2 })
        : send(response, 200, succeeded),
    );
    const { code, out, err } = await cli(['predict', 'churn', '-', '--json'], {
      stdin: '[1]',
      env: { HINDCAST_URL: url },
    });
    expect({ code, out: JSON.parse(out) }).toEqual({ code: 0, out: succeeded });
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/predictions',
      'GET /v1/models/churn',
      'GET /v1/predictions/p1',
      'GET /v1/predictions/p1',
    ]);
    expect(err).toContain('churn is paused: its predictions wait until `npx hindcast models resume churn`.');
    const elsewhere = await serve((_, response, turn) =>
      turn < 3 ? send(response, turn === 2 ? 200 : 202, { ...queued, paused: true }) : send(response, 200, succeeded),
    );
    const given = await cli(['predict', 'churn', '[1]', '--url', elsewhere.url]);
    expect(given.err).toContain(`\`npx hindcast models resume churn --url ${elsewhere.url}\``);
  });

  it('prints the id at once with --no-wait', async () => {
    const { url, asked } = await serve((_, response) => send(response, 202, queued));
    const { code, out } = await cli(['predict', 'churn', '[1]', '--no-wait', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: 'p1\n' });
    expect(asked[0]?.headers['prefer']).toBeUndefined();
  });

  it("takes the model's example", async () => {
    const { url, asked } = await serve(({ path }, response) =>
      path === '/v1/models/churn/versions/2' ? send(response, 200, { example: [7] }) : send(response, 201, succeeded),
    );
    const { code, err } = await cli(['predict', 'churn@2', '--example', '--deadline', '5s', '--url', url]);
    expect(code).toBe(0);
    expect(err).toContain('input [7]\n');
    expect(asked[1]?.headers['cancel-after']).toBe('5000ms');
    expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ model: 'churn@2', input: [7] });
  });

  it.each([
    ['failed', 1],
    ['canceled', 1],
    ['expired', 4],
  ])('ends with its own code where the prediction %s', async (status, expected) => {
    const body = { ...queued, status, error: { detail: 'because' } };
    const { url } = await serve((_, response) => send(response, 201, body));
    const { code, err } = await cli(['predict', 'churn', '[1]', '--url', url]);
    expect(code).toBe(expected);
    expect(err).toContain('because');
  });

  it('times out with 4', async () => {
    const { url } = await serve((_, response) => send(response, 202, queued));
    const { code, out, err } = await cli(['predict', 'churn', '[1]', '--wait', '0s', '--json', '--url', url]);
    expect(code).toBe(4);
    expect(err.split('p1')).toHaveLength(2);
    expect(JSON.parse(out)).toEqual(queued);
  });

  it('tells the id once it is accepted, and asks again where the server is away meanwhile', async () => {
    const gone = await serve((_, response, turn) =>
      turn === 1 ? send(response, 202, queued) : void response.destroy(),
    );
    const ended = await cli(['predict', 'churn', '[1]', '--wait', '300ms', '--url', gone.url]);
    expect(ended).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^p1 {2}accepted\n/) });
    const { url } = await serve((_, response, turn) => {
      if (turn === 1) return send(response, 202, queued);
      if (turn === 2) return send(response, 200, {});
      if (turn === 3) return response.destroy();
      return turn === 4 ? send(response, 503, { detail: 'It starts.' }) : send(response, 200, succeeded);
    });
    const { code, out, err } = await cli(['predict', 'churn', '[1]', '--url', url]);
    expect({ code, out: JSON.parse(out) }).toEqual({ code: 0, out: { label: 'no' } });
    expect(err.split('p1')).toHaveLength(2);
    expect(err).toContain('It is tried again for up to');
    expect(err.endsWith('succeeded  churn@1  3 ms\n')).toBe(true);
  });

  it('submits again under a key, and not without one, for that would be another prediction', async () => {
    const answer = (_: object, response: ServerResponse, turn: number) =>
      turn === 1 ? void response.destroy() : send(response, 201, succeeded);
    const keyed = await serve(answer);
    expect((await cli(['predict', 'churn', '[1]', '--key', 'k', '--url', keyed.url])).code).toBe(0);
    expect(keyed.asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['"k"', '"k"']);
    const bare = await serve(answer);
    expect((await cli(['predict', 'churn', '[1]', '--url', bare.url])).code).toBe(1);
    expect(bare.asked).toHaveLength(1);
  });

  it('says how to write an input that is not JSON', async () => {
    const { code, err } = await cli(['predict', 'churn', '{plan: pro}']);
    expect(code).toBe(2);
    expect(err).toContain('single quotes');
  });

  it.each([
    ['not both', ['[1]', '--example']],
    ['--context is not JSON', ['[1]', '--context', '{a']],
    ['nothing.json: there is no such file.', ['@nothing.json']],
    ['"noon" is not a time', ['--example', '--event-time', 'noon']],
  ])('refuses what it cannot mean: %s', async (said, args) => {
    const { url, asked } = await serve((_, response) => send(response, 200, {}));
    const { code, err } = await cli(['predict', 'churn', ...args, '--url', url]);
    expect(code).toBe(2);
    expect(err).toContain(said);
    expect(asked).toEqual([]);
  });
});

describe('hindcast get', () => {
  it('asks again until --wait is over, and once without', async () => {
    const answer = (_: object, response: ServerResponse, turn: number) =>
      turn < 3 ? void response.destroy() : send(response, 200, succeeded);
    const { url } = await serve(answer);
    expect((await cli(['get', 'p1', '--wait', '20s', '--url', url])).code).toBe(0);
    const other = await serve(answer);
    expect((await cli(['get', 'p1', '--url', other.url])).code).toBe(1);
    expect(other.asked).toHaveLength(1);
    expect((await cli(['get', 'p1', '--wait', '300ms', '--url', 'http://127.0.0.1:9'])).code).toBe(1);
  });

  it('asks no sooner than the server says, and not at all where the wait is over by then', async () => {
    const { url, asked } = await serve((_, response) => send(response, 503, {}, { 'retry-after': '30' }));
    expect((await cli(['get', 'p1', '--wait', '5s', '--url', url])).code).toBe(1);
    expect(asked).toHaveLength(1);
  });
});

describe('hindcast watch', () => {
  const event = (position: string, type: string) => `id: ${position}\ndata: ${JSON.stringify({ type, position })}\n\n`;

  /** Tells its events behind `Last-Event-ID`, one for each stream; `away` are the turns in which it is not there. */
  const telling = (events: readonly string[], away: readonly number[], ends: (turn: number) => boolean) =>
    serve(({ path, headers }, response, turn) => {
      if (away.includes(turn)) return response.destroy();
      if (!path.endsWith('/events')) return send(response, 200, succeeded);
      const next = events.findIndex((_, at) => `0:1:${at}` === headers['last-event-id']) + 1;
      const type = events[next];
      if (type === undefined) return send(response, 204, undefined);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(`0:1:${next}`, type));
      setImmediate(() => (ends(turn) ? response.end() : response.destroy()));
    });

  it('prints each event once, though the stream breaks in between', async () => {
    const { url, asked } = await telling(['PredictionRequested', 'PredictionSucceeded'], [], (turn) => turn > 1);
    const { code, out, err } = await cli(['watch', 'p1', '--url', url]);
    expect(code).toBe(0);
    expect(out).toBe('0:1:0  PredictionRequested\n0:1:1  PredictionSucceeded\n');
    expect(err).toBe('p1  succeeded  churn@1  3 ms\n');
    expect(asked.find(({ headers }) => headers['last-event-id'])?.headers['last-event-id']).toBe('0:1:0');
  });

  it('tells what came while the server was away, also where the prediction has ended meanwhile', async () => {
    // A server that ends closes its streams in good order, as it does behind the last event.
    const { url } = await telling(['PredictionRequested', 'PredictionSucceeded'], [2, 3], () => true);
    const { code, out, err } = await cli(['watch', 'p1', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: '0:1:0  PredictionRequested\n0:1:1  PredictionSucceeded\n' });
    expect(err.match(/tried again/g)).toHaveLength(1);
  });

  it('ends at once where none ever answered', async () => {
    const { code, err } = await cli(['watch', 'p1', '--url', 'http://127.0.0.1:9']);
    expect({ code, again: err.includes('again') }).toEqual({ code: 1, again: false });
  });
});

describe('what may still happen to a prediction', () => {
  it('is a cancel, which says what became of it', async () => {
    const { url, asked } = await serve((_, response) => send(response, 200, { ...queued, status: 'canceled' }));
    const { code, out } = await cli(['cancel', 'p1', '--reason', 'twice', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: 'p1  canceled  churn@1\n' });
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/v1/predictions/p1/cancel', body: '{"reason":"twice"}' });
  });

  it('is a cancel that comes too late, which fails with the state that won', async () => {
    const { url } = await serve((_, response) => send(response, 409, { detail: 'The prediction has succeeded.' }));
    const { code, err } = await cli(['cancel', 'p1', '--url', url]);
    expect({ code, err }).toEqual({ code: 1, err: 'The prediction has succeeded. (HTTP 409)\n' });
  });

  it('is shown as it stood, with the labels of then', async () => {
    const { url, asked } = await serve((_, response) => send(response, 200, { id: 'p1', status: 'queued' }));
    const { code, out } = await cli(['get', 'p1', '--as-of', '0:2:117', '--json', '--url', url]);
    expect({ code, out: JSON.parse(out) }).toEqual({ code: 0, out: { id: 'p1', status: 'queued' } });
    expect(asked[0]?.path).toBe('/v1/predictions/p1?asOf=0%3A2%3A117&include=labels');
    expect((await cli(['get', 'p1', '--as-of', '0:2:117', '--wait', '1s', '--url', url])).code).toBe(2);
  });

  it.each([
    ['yes', 'yes'],
    ['"yes"', 'yes'],
    ['true', true],
    ['-4.5', -4.5],
  ])('is a label: %s', async (given, value) => {
    const { url, asked } = await serve((_, response) => send(response, 202, { id: 'p1', position: '0:1:3' }));
    const { code, out } = await cli(['label', '--source', 'billing', '--url', url, '--', 'p1', given]);
    expect({ code, out }).toEqual({ code: 0, out: 'p1  labeled  0:1:3\n' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ value, source: 'billing' });
  });
});
