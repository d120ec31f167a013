import { aPredictionRequested, aPredictionSucceeded } from '@hindcast/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

describe('hindcast projections', () => {
  it('follows a rebuild to its end', async () => {
    const phases = ['folding', 'folding', 'done'];
    const { url, asked } = await serve(({ method }, response) => {
      if (method === 'POST') return send(response, 202, {}, { location: '/v1/projections/models/rebuilds/r1' });
      send(response, 200, {
        generation: 2,
        phase: phases.shift(),
        folded: 10 - phases.length,
        total: 10,
        ratePerSecond: 7,
      });
    });
    const { code, out, err } = await cli(['projections', 'rebuild', 'models', '--dry-run', '--json', '--url', url]);
    expect({ code, out: JSON.parse(out) }).toMatchObject({ code: 0, out: { generation: 2, phase: 'done' } });
    expect(err).toContain('done: 10 of 10 events, 7 per second');
    expect(asked[0]?.body).toBe('{"dryRun":true}');
  });

  it('passes on that a rebuild is forced, and says why one failed', async () => {
    const { url, asked } = await serve(({ method }, response) => {
      if (method === 'POST') return send(response, 202, {}, { location: '/v1/projections/models/rebuilds/r1' });
      send(response, 200, { generation: 2, phase: 'failed', folded: 10, total: 10, error: 'The views differ.' });
    });
    const { code, err } = await cli(['projections', 'rebuild', 'models', '--force', '--url', url]);
    expect(code).not.toBe(0);
    expect(err).toContain('The views differ.');
    expect(asked[0]?.body).toBe('{"force":true}');
  });

  it('goes back to the generation before', async () => {
    const { url, asked } = await serve(({ method }, response) => {
      if (method === 'POST') return send(response, 202, {}, { location: '/v1/projections/models/rebuilds/u1' });
      send(response, 200, { generation: 1, phase: 'done', folded: 0, total: 0, ratePerSecond: 0 });
    });
    const { code, out, err } = await cli(['projections', 'undo', 'models', '--url', url]);
    expect({ code, out, err }).toEqual({ code: 0, out: 'models: generation 1 is live again\n', err: '' });
    expect(asked[0]).toMatchObject({ path: '/v1/projections/models/undo', body: '' });
  });

  it('prints a view as it stood at a position, folded from the log', async () => {
    const events = [
      aPredictionRequested({ id: 'b', eventId: 'ask-b' }),
      aPredictionRequested({ id: 'a', eventId: 'ask-a' }),
      aPredictionSucceeded({ id: 'b', cause: 'ask-b' }),
    ];
    const lines = events.map((event, offset) =>
      JSON.stringify({ position: `0:0:${offset}`, cursor: 'c', key: event.partitionkey, appendedAt: 5, event }),
    );
    const { url, asked } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'hindcast-log-end': '0:0:3' });
      response.end(`${lines.join('\n')}\n`);
    });
    const { code, out, err } = await cli(['projections', 'as-of', 'prediction-status', '--to', '0:0:3', '--url', url]);
    expect(code).toBe(0);
    expect(err).toBe('2 documents\n');
    const docs = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(docs).toMatchObject([
      { key: 'default/a', pos: 1, state: { status: 'queued' } },
      { key: 'default/b', pos: 2, state: { status: 'succeeded' } },
    ]);
    expect(asked[0]?.path).toBe('/v1/events?topic=predictions&to=0%3A0%3A3');
    expect((await cli(['projections', 'as-of', 'nothing', '--url', url])).code).toBe(2);
  });
});
