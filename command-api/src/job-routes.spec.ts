import { DEFAULT_TENANT, type EventLog } from '@hindcast/domain';
import { aJobRequested, aJobStarted, aJobSucceeded } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
});
afterEach(() => world.close());

const cancel = (id: string, payload?: object) => world.send('POST', `/v1/jobs/${id}/cancel`, payload);
const stateOf = (id: string) => world.ports.jobs.get(DEFAULT_TENANT, id)?.state;

describe('a job', () => {
  it('is canceled, as often as one likes', async () => {
    await world.tellJob(aJobRequested(), aJobStarted());
    const answer = await cancel('j-1', { reason: 'enough' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id: 'j-1', status: 'canceled', reason: 'enough', attempts: 1 });
    expect((await cancel('j-1')).json()).toMatchObject({ status: 'canceled', reason: 'enough' });
  });

  it('is not canceled when it has ended, or when there is none', async () => {
    await world.tellJob(aJobRequested(), aJobSucceeded());
    expect((await cancel('j-1')).json()).toMatchObject({ status: 409, type: '/problems/job-ended' });
    expect((await cancel('j-2')).json()).toMatchObject({ status: 404, type: '/problems/unknown-job' });
  });

  it('that ends while it is canceled has the state of whichever came first', async () => {
    await world.close();
    const racing = (log: EventLog): EventLog => ({
      ...log,
      append: async (topic, records) => {
        if (records[0]?.headers['type'] === 'JobCanceled') await world.tellJob(aJobSucceeded());
        return log.append(topic, records);
      },
    });
    world = await createCommandWorld({ log: racing });
    await world.tellJob(aJobRequested());
    expect((await cancel('j-1')).json()).toMatchObject({ status: 409, detail: 'The job has succeeded.' });
  });
});

describe('a rebuild', () => {
  const rebuild = (name: string, payload?: object) => world.send('POST', `/v1/projections/${name}/rebuild`, payload);
  const undo = (name: string) => world.send('POST', `/v1/projections/${name}/undo`);
  const end = async (id: string) => {
    const cause = stateOf(id);
    if (!cause || cause.status === 'succeeded') throw new Error(`${id} is not open.`);
    await world.tellJob(aJobSucceeded({ id, cause: cause.request.eventId }));
  };

  it('is a job, one at a time of each projection', async () => {
    const answer = await rebuild('models', { dryRun: true });
    expect(answer.statusCode).toBe(202);
    const { id } = answer.json();
    expect(answer.headers['location']).toBe(`/v1/projections/models/rebuilds/${id}`);
    expect(stateOf(id)).toMatchObject({
      status: 'queued',
      request: { kind: 'projection-rebuild', spec: { projection: 'models', dryRun: true, force: false } },
    });
    const refused = (await rebuild('models')).json();
    expect(refused).toMatchObject({ status: 409, type: '/problems/rebuild-running' });
    expect(refused.detail).toContain(id);
    expect((await undo('models')).json().type).toBe('/problems/rebuild-running');
    expect((await rebuild('prediction-status')).statusCode).toBe(202);
    await end(id);
    const next = await rebuild('models', { force: true });
    expect(next.statusCode).toBe(202);
    expect(stateOf(next.json().id)?.request.spec).toMatchObject({ dryRun: false, force: true });
    expect(next.json().id).not.toBe(id);
    expect((await rebuild('nothing')).statusCode).toBe(404);
  });

  it('that several ask for at the same time is begun for one of them', async () => {
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 6 }, () => rebuild('models')));
      expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 409, 409, 409, 409, 409]);
      expect(world.ports.jobs.open()).toHaveLength(1);
      await end(world.ports.jobs.open()[0]?.id ?? '');
    }
  });

  it('is taken back where there is something to go back to', async () => {
    expect((await undo('models')).json()).toMatchObject({ status: 409, type: '/problems/no-previous-generation' });
    const { generation } = await world.database.create('models');
    await world.database.promote('models', generation);
    const undone = await undo('models');
    expect(undone.statusCode).toBe(202);
    expect(stateOf(undone.json().id)).toMatchObject({
      request: { kind: 'projection-undo', spec: { projection: 'models' } },
    });
    expect((await undo('nothing')).statusCode).toBe(404);
  });

  it('is refused where too many jobs are open, and accepts nothing', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { jobsOpenMax: 1 } });
    await world.tellJob(aJobRequested());
    const refused = await rebuild('models');
    expect([refused.json().type, refused.headers['retry-after']]).toEqual(['/problems/too-many-jobs', '30']);
    expect(world.ports.jobs.open()).toHaveLength(1);
  });
});
