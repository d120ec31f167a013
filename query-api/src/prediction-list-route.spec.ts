import type { PredictionEvent } from '@hindcast/domain';
import {
  aPredictionCanceled,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

interface Made {
  readonly end: 'queued' | 'succeeded' | 'failed' | 'canceled';
  readonly model: string;
  readonly version: number;
  readonly entity?: string | undefined;
  readonly batchId?: string | undefined;
  readonly gapMs: number;
}

const aMade = fc.record<Made>({
  end: fc.constantFrom('queued', 'succeeded', 'failed', 'canceled'),
  model: fc.constantFrom('churn', 'fraud'),
  version: fc.integer({ min: 1, max: 2 }),
  entity: fc.constantFrom(undefined, 'a', 'b&c=1'),
  batchId: fc.constantFrom(undefined, 'batch-1'),
  gapMs: fc.constantFrom(0, 1_000),
});
const aQuery = fc.record(
  {
    status: fc.constantFrom('queued', 'succeeded', 'failed', 'canceled', 'expired'),
    model: fc.constantFrom('churn', 'fraud@2', 'churn@1'),
    entity: fc.constantFrom('a', 'b&c=1'),
    batchId: fc.constant('batch-1'),
    sinceOf: fc.nat(20),
    untilOf: fc.nat(20),
  },
  { requiredKeys: [] },
);
const end = { succeeded: aPredictionSucceeded, failed: aPredictionFailed, canceled: aPredictionCanceled };

const fill = async (world: QueryWorld, made: readonly Made[]) => {
  for (const [at, { end: ending, gapMs, entity, batchId, model, version }] of made.entries()) {
    world.skew(gapMs);
    const id = `p-${String(at).padStart(3, '0')}`;
    const events: PredictionEvent[] = [
      aPredictionRequested({
        ...{ id, eventId: `r${at}`, model, version },
        ...(entity === undefined ? {} : { entity }),
        ...(batchId === undefined ? {} : { batchId, batchIndex: at }),
      }),
    ];
    if (ending !== 'queued') events.push(end[ending]({ id, eventId: `e${at}`, cause: `r${at}` }));
    await world.append(...events);
  }
  await world.fold();
};

interface Item {
  readonly id: string;
  readonly status: string;
  readonly model: string;
  readonly modelVersion: number;
  readonly createdAt: string;
  readonly entity?: string;
  readonly batchId?: string;
}

const listAll = async (world: QueryWorld, query: URLSearchParams): Promise<Item[]> => {
  const items: Item[] = [];
  let url: string | undefined = `/v1/predictions?${query.toString()}`;
  while (url !== undefined) {
    const answer = await world.get(url);
    expect(answer.statusCode).toBe(200);
    const { data, nextCursor } = answer.json<{ data: Item[]; nextCursor: string | null }>();
    expect(items.length === 0 || data.length > 0).toBe(true);
    items.push(...data);
    const link = answer.headers['link'];
    expect(link === undefined).toBe(nextCursor === null);
    url = /^<([^>]+)>; rel="next"$/.exec(String(link))?.[1];
  }
  return items;
};

describe('GET /v1/predictions', () => {
  it('lists, a page at a time, exactly what a naive filter keeps', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(aMade, { maxLength: 20 }),
        fc.array(aQuery, { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (made, queries, limit) => {
          const world = await queryWorld();
          try {
            await fill(world, made);
            const all = await listAll(world, new URLSearchParams());
            expect(all.map(({ id }) => id).sort()).toEqual(made.map((_, at) => `p-${String(at).padStart(3, '0')}`));
            const order = all.map(({ createdAt, id }) => `${createdAt} ${id}`);
            expect(order).toEqual([...order].sort().reverse());
            for (const { sinceOf, untilOf, ...fields } of queries) {
              const since = all[sinceOf ?? -1]?.createdAt;
              const until = all[untilOf ?? -1]?.createdAt;
              const query = new URLSearchParams({ ...fields, limit: String(limit) });
              if (since !== undefined) query.set('since', since);
              if (until !== undefined) query.set('until', String(Date.parse(until)));
              const [model, version] = fields.model?.split('@') ?? [];
              const kept = all.filter(
                (item) =>
                  (fields.status ?? item.status) === item.status &&
                  (model ?? item.model) === item.model &&
                  Number(version ?? item.modelVersion) === item.modelVersion &&
                  (fields.entity ?? item.entity) === item.entity &&
                  (fields.batchId ?? item.batchId) === item.batchId &&
                  item.createdAt >= (since ?? '') &&
                  item.createdAt < (until ?? '9'),
              );
              expect(await listAll(world, query)).toEqual(kept);
            }
          } finally {
            await world.close();
          }
        },
      ),
      { numRuns: 30 },
    ));

  it('does not show what is labelled but was never requested, and tells how far it is behind', async () => {
    const world = await queryWorld();
    await world.append(aPredictionLabeled());
    await world.fold();
    await world.append(aPredictionRequested({ id: 'p-2' }), aPredictionRequested({ id: 'p-3' }));
    const answer = await world.get('/v1/predictions');
    expect(answer.json()).toEqual({ data: [], nextCursor: null });
    expect(answer.headers['hindcast-view-lag']).toBe('2');
    world.skew(1_000);
    await world.fold();
    expect((await world.get('/v1/predictions')).headers['hindcast-view-lag']).toBe('0');
    await world.close();
  });

  it('refuses what it does not understand', async () => {
    const world = await queryWorld();
    await fill(
      world,
      Array.from({ length: 3 }, () => ({ end: 'queued', model: 'churn', version: 1, gapMs: 1 })),
    );
    const { nextCursor } = (await world.get('/v1/predictions?limit=1')).json();
    expect((await world.get(`/v1/predictions?limit=1&cursor=${nextCursor}`)).statusCode).toBe(200);
    const refused: Record<string, string> = {
      [`status=queued&cursor=${nextCursor}`]: 'invalid-cursor',
      [`cursor=${nextCursor}x`]: 'invalid-cursor',
      'cursor=eyJhIjoxfQ': 'invalid-cursor',
      'status=unknown': 'invalid-parameter',
      'limit=0': 'invalid-parameter',
      'limit=1001': 'invalid-parameter',
      'limit=many': 'invalid-parameter',
      'since=yesterday': 'invalid-parameter',
      'since=2026-02-30T00:00:00': 'invalid-parameter',
      'model=churn@x': 'invalid-parameter',
      'colour=red': 'invalid-parameter',
      'status=queued&status=failed': 'invalid-parameter',
    };
    for (const [query, code] of Object.entries(refused)) {
      const answer = await world.get(`/v1/predictions?${query}`);
      expect([query, answer.json().type]).toEqual([query, `/problems/${code}`]);
      expect(answer.statusCode).toBe(400);
    }
    await world.close();
  });
});
