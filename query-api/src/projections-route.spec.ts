import { aPredictionRequested } from '@hindcast/domain/testing';
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

  it('shows a rebuild that runs here', async () => {
    const progress = {
      ...{ id: 'r1', projection: 'models' as const, generation: 2, phase: 'done', folded: 7, total: 7 },
      startedAt: 0,
      endedAt: 1_000,
    };
    const rebuild = async (_: string, id: string) => (id === 'r1' ? progress : undefined);
    const world = await queryWorld({ ports: { projections: { generations: async () => [], rebuild } } });
    expect((await world.get('/v1/projections/models/rebuilds/r1')).json()).toMatchObject({
      phase: 'done',
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:01.000Z',
    });
    expect((await world.get('/v1/projections/models/rebuilds/r2')).json().type).toBe('/problems/unknown-rebuild');
    expect((await world.get('/v1/projections/nothing/rebuilds/r1')).json().type).toBe('/problems/unknown-projection');
    await world.close();
  });
});
