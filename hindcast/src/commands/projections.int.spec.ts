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

  it('goes back to the generation before', async () => {
    const { url, asked } = await serve(({ method }, response) => {
      if (method === 'POST') return send(response, 202, {}, { location: '/v1/projections/models/rebuilds/u1' });
      send(response, 200, { generation: 1, phase: 'done', folded: 10, total: 10 });
    });
    const { code, out } = await cli(['projections', 'undo', 'models', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: 'models: generation 1 is live again\n' });
    expect(asked[0]).toMatchObject({ path: '/v1/projections/models/undo', body: '' });
  });
});
