import { noLabels } from '@hindcast/domain';
import { aLabelReported, aPredictionLabeled, aPredictionRequested } from '@hindcast/domain/testing';
import { expect, it } from 'vitest';
import { queryWorld } from './testing/query-world.ts';

const addressDoc = (name: string, at: number) => {
  const { data: report } = aLabelReported({ referenceId: name });
  const place = { tenant: 'default', address: `@reference:${name}`, epoch: 0, partition: 0, pos: 3 };
  const waiting = [{ eventId: 'r', report: report as never, offset: 3, at }];
  return { key: `default/@reference:${name}`, ...place, state: { ...noLabels, waiting } };
};

it('lists labels that wait, by id and then by address, page after page', async () => {
  const world = await queryWorld();
  await world.append(
    aPredictionLabeled({ id: 'b' }),
    aPredictionLabeled({ id: 'a', value: 4 }),
    aPredictionRequested(),
  );
  await world.fold();
  const docs = [addressDoc('y', 2_000), addressDoc('x', 1_000)];
  await world.views.labelsStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
  const all = (await world.get('/v1/labels?status=parked')).json();
  expect(all.data).toMatchObject([
    { status: 'parked', id: 'a', value: 4 },
    { status: 'parked', id: 'b', value: true },
    { status: 'parked', referenceId: 'x', value: true, recordedAt: '1970-01-01T00:00:01.000Z' },
    { status: 'parked', referenceId: 'y', value: true },
  ]);
  expect(all).not.toHaveProperty('nextCursor');
  for (const limit of [1, 2, 3]) {
    const paged: unknown[] = [];
    for (let cursor = ''; ; ) {
      const { data, nextCursor } = (await world.get(`/v1/labels?limit=${limit}${cursor}`)).json();
      paged.push(...data);
      if (nextCursor === undefined) break;
      cursor = `&cursor=${nextCursor}`;
    }
    expect(paged).toEqual(all.data);
  }
  expect((await world.get('/v1/labels?cursor=eA')).statusCode).toBe(400);
  expect((await world.get('/v1/labels?status=applied')).statusCode).toBe(400);
  await world.close();
});

it('shows every revision of the labels of a prediction in order, and which one counts', async () => {
  const world = await queryWorld();
  await world.append(
    aPredictionRequested(),
    aPredictionLabeled({ value: 'no', source: 'a' }),
    aPredictionLabeled({ eventId: 'l-2', value: 'yes', source: 'b', weight: 2, occurredAt: '2026-04-01T00:00:00Z' }),
  );
  await world.fold();
  const answer = await world.get('/v1/predictions/p-1/labels');
  expect(answer.json().data).toMatchObject([
    { revision: 1, value: 'no', source: 'a', counts: false, position: expect.stringMatching(/^0:\d:\d+$/) },
    { revision: 2, value: 'yes', source: 'b', weight: 2, occurredAt: '2026-04-01T00:00:00Z', counts: true },
  ]);
  expect((await world.get('/v1/predictions/nobody/labels')).statusCode).toBe(404);
  await world.close();
});
