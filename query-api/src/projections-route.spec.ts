import { aPredictionRequested } from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import type { RebuildProgress } from './query-ports.ts';
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
    const running: RebuildProgress = {
      ...{ id: 'r0', kind: 'rebuild', projection: 'models', generation: 2, phase: 'filling', folded: 4, total: 7 },
      ...{ ratePerSecond: 3.7, etaMs: 810.8, startedAt: 0 },
    };
    const comparison = { equal: 6, different: 1, onlyLive: 0, onlyBuilt: 0, moving: 0, examples: ['default/churn'] };
    const done: RebuildProgress = {
      ...running,
      ...{ id: 'r1', phase: 'done', folded: 7, etaMs: 0, endedAt: 1_000 },
      report: { promoted: true, verification: { models: comparison } },
    };
    const rebuild = async (_: string, id: string) => [running, done].find((known) => known.id === id);
    const world = await queryWorld({ ports: { projections: { generations: async () => [], rebuild } } });
    const shown = (await world.get('/v1/projections/models/rebuilds/r0')).json();
    expect(shown).toMatchObject({ kind: 'rebuild', phase: 'filling', ratePerSecond: 4, etaMs: 811 });
    expect(Object.keys(shown)).not.toContain('verification');
    const ended = (await world.get('/v1/projections/models/rebuilds/r1')).json();
    expect(ended).not.toHaveProperty('etaMs');
    expect(ended).toMatchObject({
      promoted: true,
      verification: { models: comparison },
      phase: 'done',
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:01.000Z',
    });
    expect((await world.get('/v1/projections/models/rebuilds/r2')).json().type).toBe('/problems/unknown-rebuild');
    expect((await world.get('/v1/projections/nothing/rebuilds/r1')).json().type).toBe('/problems/unknown-projection');
    await world.close();
  });
});
