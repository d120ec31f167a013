import {
  aJobCanceled,
  aJobProgressed,
  aJobRequested,
  aJobStarted,
  aJobSucceeded,
  aPredictionRequested,
} from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import { queryWorld } from './testing/query-world.ts';

describe('projections', () => {
  it('shows how far each view is, in records and in time', async () => {
    const world = await queryWorld();
    await world.fold();
    const position = await world.append(aPredictionRequested(), aPredictionRequested({ eventId: 'again' }));
    world.skew(5_000);
    const [status, models] = (await world.get('/v1/projections')).json().data;
    expect(status).toMatchObject({
      name: 'prediction-status',
      lag: 2,
      generations: [{ generation: 1, state: 'live' }],
    });
    expect(status.lagMs).toBeGreaterThanOrEqual(5_000);
    expect(status.partitions[position.partition]).toMatchObject({ position: `0:${position.partition}:1`, lag: 2 });
    expect(models).toMatchObject({ name: 'models', lag: 0, lagMs: 0 });
    await world.fold();
    expect((await world.get('/v1/projections')).json().data[0]).toMatchObject({ lag: 0, lagMs: 0 });
    await world.close();
  });

  it('shows a rebuild, whichever process runs it', async () => {
    const world = await queryWorld();
    const shown = async (id: string) => (await world.get(`/v1/projections/models/rebuilds/${id}`)).json();
    const spec = { projection: 'models', dryRun: false };
    await world.append(aJobRequested({ id: 'r1', kind: 'projection-rebuild', spec }));
    expect(await shown('r1')).toMatchObject({ id: 'r1', kind: 'rebuild', phase: 'queued', generation: 0, folded: 0 });
    world.skew(1_000);
    await world.append(aJobStarted({ id: 'r1' }));
    world.skew(1_000);
    const progress = { unit: 'records', detail: 'filling', checkpoint: { generation: 2 } };
    await world.append(aJobProgressed({ id: 'r1', done: 40, total: 70, ...progress }));
    const running = await shown('r1');
    expect(running).toMatchObject({ phase: 'filling', generation: 2, folded: 40, total: 70 });
    expect(running.ratePerSecond).toBeGreaterThan(30);
    expect(running.etaMs).toBeLessThanOrEqual(1_000);
    expect(Object.keys(running)).not.toContain('verification');
    const comparison = { equal: 6, different: 1, onlyLive: 0, onlyBuilt: 0, moving: 0, examples: ['default/churn'] };
    const result = { generation: 2, promoted: true, folded: 70, verification: { models: comparison } };
    await world.append(aJobSucceeded({ id: 'r1', result }));
    const ended = await shown('r1');
    expect(ended).not.toHaveProperty('etaMs');
    expect(ended).toMatchObject({ phase: 'done', promoted: true, verification: { models: comparison } });
    expect(Date.parse(ended.endedAt)).toBeGreaterThanOrEqual(Date.parse(ended.startedAt) + 1_000);
    await world.close();
  });

  it('shows an undo that was canceled, and takes no other job for a rebuild', async () => {
    const world = await queryWorld();
    const shown = async (name: string, id: string) =>
      (await world.get(`/v1/projections/${name}/rebuilds/${id}`)).json();
    await world.append(aJobRequested({ id: 'u1', kind: 'projection-undo', spec: { projection: 'models' } }));
    await world.append(aJobCanceled({ id: 'u1' }), aJobRequested({ id: 'j-1', spec: { projection: 'models' } }));
    expect(await shown('models', 'u1')).toMatchObject({ kind: 'undo', phase: 'failed', error: 'It was canceled.' });
    for (const id of ['j-1', 'r2']) expect((await shown('models', id)).type).toBe('/problems/unknown-rebuild');
    expect((await shown('prediction-status', 'u1')).type).toBe('/problems/unknown-rebuild');
    expect((await shown('nothing', 'u1')).type).toBe('/problems/unknown-projection');
    await world.close();
  });
});
