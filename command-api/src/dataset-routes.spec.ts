import { DEFAULT_TENANT } from '@hindcast/domain';
import { aJobFailed, aJobSucceeded } from '@hindcast/domain/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CommandWorld, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
});
afterEach(() => world.close());

const create = (more: object = {}) => world.send('POST', '/v1/datasets', { model: 'churn', format: 'ndjson', ...more });
const causeOf = (id: string) => {
  const state = world.ports.jobs.get(DEFAULT_TENANT, id)?.state;
  return { id, cause: state?.request.eventId ?? '' };
};

it('a data set is a job, and the same wish at the same positions is the same one', async () => {
  const first = await create();
  expect(first.statusCode).toBe(202);
  const { id, job } = first.json();
  expect(first.headers['location']).toBe(`/v1/datasets/${id}`);
  const spec = world.ports.jobs.get(DEFAULT_TENANT, job)?.state.request.spec;
  expect(spec).toMatchObject({ plan: { extractor: 'fold/1', spec: { labels: { pick: 'latest', absent: 'drop' } } } });
  expect((await create()).json()).toMatchObject({ id, job });
  await world.tellJob(aJobSucceeded({ ...causeOf(job), result: { accountedFor: {} } }));
  const again = await create();
  expect([again.statusCode, again.json().job]).toEqual([200, job]);
  expect((await create({ sample: { fraction: 0.5 } })).json().id).not.toBe(id);
});

it('a set whose job has failed can be asked for again', async () => {
  const first = (await create()).json();
  await world.tellJob(aJobFailed(causeOf(first.job)));
  const second = await create();
  expect(second.statusCode).toBe(202);
  expect(second.json()).toMatchObject({ id: first.id, status: 'queued' });
  expect(second.json().job).not.toBe(first.job);
});

it.each<[string, object, number]>([
  ['shares', { split: { parts: [{ name: 'a', share: 0.1 }] } }, 422],
  ['a format that cannot be written', { format: 'parquet' }, 422],
  ['members that nobody knows', { lable: {} }, 422],
  ['positions of another log', { to: '7:0:1' }, 422],
  ['a time that is none', { since: 'yesterday' }, 422],
])('is refused: %s', async (_, wish, status) => {
  expect((await create(wish)).statusCode).toBe(status);
});
