import { nodeIdentity } from '@hindcast/adapters/node';
import { ArtifactDamaged, DEFAULT_TENANT, encode, TOPICS } from '@hindcast/domain';
import { aJobFailed, aJobSucceeded, aPredictionRequested } from '@hindcast/domain/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type CommandWorld, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
});
afterEach(() => world.close());

const create = (more: object = {}) => world.send('POST', '/v1/datasets', { model: 'churn', format: 'ndjson', ...more });
async function* bytesOf(text: string) {
  yield new TextEncoder().encode(text);
}
async function* damaged(sha256: string, content: AsyncIterable<Uint8Array> = bytesOf('')) {
  yield* content;
  throw new ArtifactDamaged(sha256, 'another');
}
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
  const manifest = await world.ports.artifacts.put(bytesOf('{"files":[]}'), 100);
  await world.tellJob(aJobSucceeded({ ...causeOf(job), result: { accountedFor: {}, manifest } }));
  const again = await create();
  expect([again.statusCode, again.json().job]).toEqual([200, job]);
  expect((await create({ sample: { fraction: 0.5 } })).json().id).not.toBe(id);
});

it('a set says the positions that it can be asked for with again, when the log has grown', async () => {
  const first = (await create()).json();
  await world.log.append(TOPICS.predictions, [encode(aPredictionRequested({ eventId: 'later' }))]);
  expect((await create()).json().id).not.toBe(first.id);
  expect(first.to).toMatch(/^0:0:\d+,0:1:\d+/);
  const { from, to } = first;
  expect((await create({ from, to, verified: false })).json().id).toBe(first.id);
  expect((await create({ from, to, verified: true })).json().id).not.toBe(first.id);
});

it('a set whose job has failed can be asked for again', async () => {
  const first = (await create()).json();
  await world.tellJob(aJobFailed(causeOf(first.job)));
  const second = await create();
  expect(second.statusCode).toBe(202);
  expect(second.json()).toMatchObject({ id: first.id, status: 'queued' });
  expect(second.json().job).not.toBe(first.job);
});

it('a set of which a file or the manifest is gone is cut again, by one job however often it is asked for', async () => {
  const { artifacts } = world.ports;
  const keep = (text: string) => artifacts.put(bytesOf(text), 10_000);
  const manifestOf = async (...files: object[]) => keep(JSON.stringify({ files }));
  const file = await keep('rows');
  const gone = { sha256: '0'.repeat(64), bytes: 4 };
  const jobs: string[] = [];
  for (const manifest of [await manifestOf(file, gone), gone, await manifestOf(file)]) {
    const asked = await create();
    expect(asked.statusCode).toBe(202);
    expect((await create()).json().job).toBe(asked.json().job);
    jobs.push(asked.json().job);
    await world.tellJob(aJobSucceeded({ ...causeOf(asked.json().job), result: { accountedFor: {}, manifest } }));
  }
  expect(new Set(jobs).size).toBe(3);
  const whole = await create();
  expect([whole.statusCode, whole.json().job]).toEqual([200, jobs[2]]);
});

it('a set of which the manifest is damaged is cut again', async () => {
  const first = (await create()).json();
  const manifest = await world.ports.artifacts.put(bytesOf('{"files":[]}'), 100);
  await world.tellJob(aJobSucceeded({ ...causeOf(first.job), result: { accountedFor: {}, manifest } }));
  const { get } = world.ports.artifacts;
  vi.spyOn(world.ports.artifacts, 'get').mockImplementation(async (sha256) => damaged(sha256, await get(sha256)));
  expect((await create()).json().job).not.toBe(first.job);
});

it('a set whose files are back when it was being cut again, and that has ended without one, is there', async () => {
  const { artifacts } = world.ports;
  const first = (await create()).json();
  const manifest = { sha256: nodeIdentity.sha256('{"files":[]}'), bytes: 12 };
  await world.tellJob(aJobSucceeded({ ...causeOf(first.job), result: { accountedFor: {}, manifest } }));
  const again = (await create()).json();
  expect(again.job).not.toBe(first.job);
  await world.tellJob(aJobFailed(causeOf(again.job)));
  await artifacts.put(bytesOf('{"files":[]}'), 100);
  const back = await create();
  expect([back.statusCode, back.json().job]).toEqual([200, first.job]);
});

const parts = [{ name: 'train', share: 1 }];

it('takes the time of a holdout in the form of every other time, and in milliseconds', async () => {
  const since = '2026-01-31T00:00:00Z';
  const asked = (await create({ split: { parts, holdout: { name: 'late', since } } })).json();
  const spec = world.ports.jobs.get(DEFAULT_TENANT, asked.job)?.state.request.spec;
  expect(spec).toMatchObject({ plan: { spec: { split: { holdout: { name: 'late', since: Date.parse(since) } } } } });
  const again = (await create({ split: { parts, holdout: { name: 'late', since: Date.parse(since) } } })).json();
  expect(again.id).toBe(asked.id);
});

it.each<[string, object, number]>([
  ['shares', { split: { parts: [{ name: 'a', share: 0.1 }] } }, 422],
  ['a format that cannot be written', { format: 'parquet' }, 422],
  ['members that nobody knows', { lable: {} }, 422],
  ['positions of another log', { to: '7:0:1' }, 422],
  ['a time that is none', { since: 'yesterday' }, 422],
  ['a holdout from a time that is none', { split: { parts, holdout: { name: 'late', since: 'yesterday' } } }, 422],
])('is refused: %s', async (_, wish, status) => {
  expect((await create(wish)).statusCode).toBe(status);
});
