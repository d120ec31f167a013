import { get } from 'node:http';
import { connect } from 'node:net';
import { type RecordedRecord, TOPICS } from '@hindcast/domain';
import {
  aPredictionAttemptStarted,
  aPredictionCanceled,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';
import { openSse } from './testing/sse-client.ts';

const worlds: QueryWorld[] = [];
const listening = async (...given: Parameters<typeof queryWorld>) => {
  const world = await queryWorld(...given);
  worlds.push(world);
  const url = await world.listen();
  return { world, url, events: `${url}/v1/predictions/p-1/events` };
};
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });
const types = (messages: readonly { data: Record<string, unknown> }[]) => messages.map(({ data }) => data['type']);

describe('the event stream of a prediction', () => {
  it('tells the history, then what comes, and ends with the end', async () => {
    const { world, events } = await listening({ limits: { rereadMs: 60_000 } });
    await world.append(aPredictionRequested());
    await world.fold();
    const stream = await openSse(events);
    expect(stream.contentType).toBe('text/event-stream');
    await eventually(() => expect(types(stream.messages())).toEqual(['PredictionRequested']));
    await world.append(aPredictionAttemptStarted());
    await world.fold();
    await eventually(() => expect(stream.messages()).toHaveLength(2));
    await world.append(aPredictionSucceeded(), aPredictionCanceled());
    await world.fold();
    await eventually(() => expect(stream.closed).toBe(true));
    expect(types(stream.messages())).toEqual([
      'PredictionRequested',
      'PredictionAttemptStarted',
      'PredictionSucceeded',
    ]);
    for (const { data } of stream.messages()) expect(data['verdict']).toBe('accepted');
    expect(world.listeners).toBe(0);
    expect((await openSse(events, stream.messages().at(-1)?.id)).status).toBe(204);
  });

  it('does not tell a result that a cancel had beaten', async () => {
    const { world, events } = await listening();
    const late = { secret: 'late' };
    await world.append(aPredictionRequested(), aPredictionCanceled(), aPredictionSucceeded({ output: late }));
    await world.fold();
    const stream = await openSse(events);
    await eventually(() => expect(stream.closed).toBe(true));
    expect(types(stream.messages())).toEqual(['PredictionRequested', 'PredictionCanceled']);
    const history = await world.get('/v1/predictions/p-1/events');
    expect(history.body).not.toContain('secret');
    expect(history.json().data[2]).toMatchObject({ type: 'PredictionSucceeded', verdict: 'ignored:late' });
    expect(history.json().data[1]).toMatchObject({ type: 'PredictionCanceled', data: {} });
  });

  it('tells nothing that the view has not judged', async () => {
    const { world, events } = await listening({ limits: { rereadMs: 1 } });
    await world.append(aPredictionRequested());
    await world.fold();
    const stream = await openSse(events);
    await eventually(() => expect(stream.messages()).toHaveLength(1));
    await world.append(aPredictionSucceeded());
    let reads = 0;
    const { prediction } = world.views.reader;
    vi.spyOn(world.views.reader, 'prediction').mockImplementation(async (key) => {
      reads += 1;
      return prediction(key);
    });
    await eventually(() => expect(reads).toBeGreaterThan(3));
    expect(stream.messages()).toHaveLength(1);
    await world.fold({ announce: false });
    await eventually(() => expect(stream.messages()).toHaveLength(2));
  });

  it('goes on behind any id without gap or repeat, and says when there is nothing more', async () => {
    const { world, events } = await listening();
    const story = [aPredictionRequested(), aPredictionAttemptStarted(), aPredictionSucceeded(), aPredictionLabeled()];
    await world.append(...story);
    await world.fold();
    const whole = await openSse(events);
    await eventually(() => expect(whole.closed).toBe(true));
    const all = whole.messages();
    expect(all).toHaveLength(story.length);
    for (const [at, { id }] of all.slice(0, -1).entries()) {
      const rest = await openSse(events, id);
      await eventually(() => expect(rest.closed).toBe(true));
      expect(rest.messages()).toEqual(all.slice(at + 1));
    }
    expect((await openSse(events, all.at(-1)?.id)).status).toBe(204);
    expect((await openSse(events, '0:99:1')).status).toBe(400);
  });

  it('shows that it lives while nothing happens', async () => {
    const { world, events } = await listening({ limits: { heartbeatMs: 5 } });
    await world.append(aPredictionRequested());
    await world.fold();
    const stream = await openSse(events);
    await eventually(() => expect(stream.text.split(': heartbeat\n\n').length).toBeGreaterThan(3));
    stream.abort();
    await eventually(() => expect(world.listeners).toBe(0));
  });

  it('forgets clients that go away, and refuses more than it can hold', async () => {
    const { world, events } = await listening({ limits: { streamsMax: 3 } });
    await world.append(aPredictionRequested());
    await world.fold();
    const streams = await Promise.all([openSse(events), openSse(events), openSse(events)]);
    await eventually(() => expect(world.listeners).toBe(3));
    expect((await openSse(events)).status).toBe(503);
    for (const stream of streams) stream.abort();
    await eventually(() => expect(world.listeners).toBe(0));
    const next = await openSse(events);
    expect(next.status).toBe(200);
    next.abort();
  });

  it('ends when the server closes', async () => {
    const { world, events } = await listening();
    await world.append(aPredictionRequested());
    await world.fold();
    const stream = await openSse(events);
    await eventually(() => expect(world.listeners).toBe(1));
    await world.app.close();
    await eventually(() => expect(stream.closed).toBe(true));
    expect(world.listeners).toBe(0);
  });
});

describe('a long poll', () => {
  it('is forgotten when its client goes away', async () => {
    const { world, url } = await listening();
    await world.append(aPredictionRequested());
    await world.fold();
    const request = get(`${url}/v1/predictions/p-1`, { headers: { prefer: 'wait=60' } });
    request.on('error', () => undefined);
    await eventually(() => expect(world.listeners).toBe(1));
    request.destroy();
    await eventually(() => expect(world.listeners).toBe(0));
  });
});

describe('a replay', () => {
  const input = 'x'.repeat(20_000);
  const pagesUsual = 2_000;
  const endless = async (limits: object, pagesInAll = pagesUsual) => {
    const made = await queryWorld();
    worlds.push(made);
    await made.append(aPredictionRequested({ input }));
    const found = (await made.log.bounds(TOPICS.predictions)).find(({ end }) => end > 1);
    const partition = found?.partition ?? 0;
    const records: RecordedRecord[] = [];
    for await (const page of made.log.read({ topic: TOPICS.predictions, partition, from: 1 })) records.push(...page);
    let pages = 0;
    let finished = 0;
    const log = {
      bounds: async () => [{ logId: 'l', epoch: 0, partition: 0, start: 0, end: pagesInAll }],
      async *read() {
        try {
          for (let at = 0; at < pagesInAll; at++) {
            pages += 1;
            await new Promise((resolve) => setImmediate(resolve));
            yield records.map((record) => ({ ...record, partition: 0, offset: at }));
          }
        } finally {
          finished += 1;
        }
      },
    };
    const started = await listening({ limits, ports: { log } });
    return {
      ...started,
      get pages() {
        return pages;
      },
      get finished() {
        return finished;
      },
    };
  };

  const halt = async (url: string) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      socket.once('connect', () => socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n'));
      socket.once('data', () => {
        socket.pause();
        resolve();
      });
    });
    return socket;
  };

  it('reads the log no faster than its client takes it, and cuts one that takes nothing', async () => {
    const replay = await endless({ stalledMsMax: 300 });
    const socket = await halt(replay.url);
    await eventually(() => expect(replay.finished).toBe(1));
    expect(replay.pages).toBeLessThan(pagesUsual);
    socket.destroy();
  });

  it('lets go of the log when its client goes away', async () => {
    const replay = await endless({});
    const socket = await halt(replay.url);
    socket.destroy();
    await eventually(() => expect(replay.finished).toBe(1));
    expect(replay.pages).toBeLessThan(pagesUsual);
  });

  it('lets go of the log when its client goes away while nothing passes the filter', async () => {
    const replay = await endless({}, 1e9);
    const request = get(`${replay.url}/v1/events?type=PredictionFailed`);
    request.on('error', () => undefined);
    await eventually(() => expect(replay.pages).toBeGreaterThan(0));
    request.destroy();
    await eventually(() => expect(replay.finished).toBe(1));
    expect(replay.pages).toBeLessThan(1e9);
  });

  it('does not pass for the whole when the server closes', async () => {
    const replay = await endless({});
    const response = await fetch(`${replay.url}/v1/events`);
    const closing = replay.world.app.close();
    await expect(response.text()).rejects.toThrow();
    await closing;
    expect(replay.finished).toBe(1);
  });

  it('is whole for a client that reads', async () => {
    const replay = await endless({});
    const body = await (await fetch(`${replay.url}/v1/events`)).text();
    expect(body.trimEnd().split('\n')).toHaveLength(pagesUsual);
    expect(replay.finished).toBe(1);
  });

  it('is bounded in number', async () => {
    const replay = await endless({ replaysMax: 1 });
    const socket = await halt(replay.url);
    const refused = await fetch(`${replay.url}/v1/events`);
    expect(refused.status).toBe(503);
    await refused.text();
    socket.destroy();
    await eventually(() => expect(replay.finished).toBe(1));
  });
});
