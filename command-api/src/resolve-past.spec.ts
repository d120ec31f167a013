import { DEFAULT_TENANT } from '@hindcast/domain';
import { anImportedPrediction } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
  await world.haveModel();
  for (const event of anImportedPrediction({ id: 'old' }))
    await world.appendEvent(
      event.type === 'PredictionRequested' ? { ...event, data: { ...event.data, model: 'bigone', version: 7 } } : event,
    );
});
afterEach(() => world.close());

const specOf = (id: string) => world.ports.jobs.get(DEFAULT_TENANT, id)?.state.request.spec;

describe('a model of which there are only imported predictions', () => {
  it('can be the history of a backtest', async () => {
    const asked = await world.send('POST', '/v1/backtests', { model: 'churn@1', history: 'bigone' });
    expect(asked.statusCode).toBe(202);
    expect(specOf(asked.json().id)).toMatchObject({ model: 'bigone', candidate: { model: 'churn', version: 1 } });
  });

  it('can be named to a verification, with a version or without', async () => {
    const asked = await world.send('POST', '/v1/verifications', { model: 'bigone@7' });
    expect(asked.statusCode).toBe(202);
    expect(specOf(asked.json().id)).toMatchObject({ model: 'bigone', version: 7 });
    expect((await world.send('POST', '/v1/verifications', { model: 'bigone' })).statusCode).toBe(202);
  });

  it('may have the name of one that is registered, whose versions do not have that number', async () => {
    for (const event of anImportedPrediction({ id: 'older' }))
      await world.appendEvent(
        event.type === 'PredictionRequested' ? { ...event, data: { ...event.data, version: 9 } } : event,
      );
    const asked = await world.send('POST', '/v1/verifications', { model: 'churn@9' });
    expect([asked.statusCode, specOf(asked.json().id)]).toMatchObject([202, { model: 'churn', version: 9 }]);
    const version = await world.send('POST', '/v1/verifications', { model: 'churn@8' });
    expect(version.json()).toMatchObject({ status: 404, type: '/problems/unknown-model-version' });
  });

  it('is another one than a model that nobody knows', async () => {
    const unknown = { status: 404, type: '/problems/unknown-model' };
    const backtest = await world.send('POST', '/v1/backtests', { model: 'churn@1', history: 'chrun' });
    expect(backtest.json()).toMatchObject({ ...unknown, detail: 'No model is named chrun. Did you mean churn?' });
    expect((await world.send('POST', '/v1/verifications', { model: 'bigtwo' })).json()).toMatchObject(unknown);
    const version = await world.send('POST', '/v1/verifications', { model: 'churn@9' });
    expect(version.json()).toMatchObject({ type: '/problems/unknown-model-version' });
  });
});
