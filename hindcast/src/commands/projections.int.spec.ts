import { afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

describe('hindcast projections', () => {
  it('follows a rebuild to its end', async () => {
    const phases = ['folding', 'folding', 'done'];
    const { url, asked } = await serve(({ method }, response) => {
      if (method === 'POST') return send(response, 202, {}, { location: '/v1/projections/models/rebuilds/r1' });
      send(response, 200, { generation: 2, phase: phases.shift(), folded: 10 - phases.length, total: 10 });
    });
    const { code, out, err } = await cli(['projections', 'rebuild', 'models', '--dry-run', '--json', '--url', url]);
    expect({ code, out: JSON.parse(out) }).toMatchObject({ code: 0, out: { generation: 2, phase: 'done' } });
    expect(err).toContain('done: 10 of 10 events');
    expect(asked[0]?.body).toBe('{"dryRun":true}');
  });
});
