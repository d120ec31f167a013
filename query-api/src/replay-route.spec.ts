import {
  aModelRegistered,
  aPredictionCanceled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

const filled = async (): Promise<QueryWorld> => {
  const world = await queryWorld();
  for (let at = 0; at < 20; at++) {
    const id = `p-${at}`;
    const model = at % 2 === 0 ? 'churn' : 'fraud';
    await world.append(
      aPredictionRequested({ id, eventId: `r${at}`, model }),
      aPredictionSucceeded({ id, eventId: `s${at}`, cause: `r${at}` }),
    );
  }
  return world;
};
const linesOf = async (world: QueryWorld, query = ''): Promise<string[]> => {
  const answer = await world.get(`/v1/events${query}`);
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  return answer.body.split('\n').filter((line) => line !== '');
};
const cursorOf = (line: string | undefined): string => encodeURIComponent(JSON.parse(line ?? '{}').cursor);

describe('GET /v1/events', () => {
  it('gives the same lines however it is resumed, while the log grows', async () => {
    const world = await filled();
    const whole = await linesOf(world);
    expect(whole).toHaveLength(44);
    await world.append(aPredictionCanceled({ id: 'p-1', eventId: 'late' }));
    for (const [at, line] of whole.entries()) {
      expect(await linesOf(world, `?from=${cursorOf(line)}`)).toEqual(whole.slice(at + 1));
    }
    await world.close();
  });

  it('tells where it ended, and what came since', async () => {
    const world = await filled();
    const end = String((await world.get('/v1/events')).headers['hindcast-log-end']);
    expect(end.split(',')).toHaveLength(4);
    await world.append(aPredictionCanceled({ id: 'p-1', eventId: 'late' }));
    const since = await linesOf(world, `?from=${end}`);
    expect(since.map((line) => JSON.parse(line).event.id)).toEqual(['late']);
    await world.close();
  });

  it('refuses a model that nobody knows, and none that has only imported predictions or nothing to show', async () => {
    const world = await filled();
    await world.append(aModelRegistered({ name: 'fresh' }));
    expect(await linesOf(world, '?model=churn')).toHaveLength(10);
    expect(await linesOf(world, '?model=fresh')).toHaveLength(0);
    for (const topic of ['predictions', 'models']) {
      const answer = await world.get(`/v1/events?model=frash&topic=${topic}`);
      const detail = 'No model is named frash. Did you mean fresh?';
      expect(answer.json()).toMatchObject({ status: 404, type: '/problems/unknown-model', detail });
    }
    await world.close();
  });

  it('says which types of events there are, or which was meant', async () => {
    const world = await filled();
    const said = async (type: string) => (await world.get(`/v1/events?type=${type}`)).json().errors[0];
    expect(await said('Foo')).toMatchObject({
      pointer: 'type',
      detail: expect.stringMatching(/^"Foo" is no type of event\. Known: LogOpened, /),
    });
    expect((await said('PredictionSucceeded,PredictionFaild')).detail).toContain('Did you mean PredictionFailed?');
    await world.close();
  });

  it('filters by type, model, tenant, time and number', async () => {
    const world = await filled();
    const count = async (query: string) => (await linesOf(world, `?${query}`)).length;
    expect(await count('type=PredictionSucceeded')).toBe(20);
    expect(await count('type=PredictionSucceeded,PredictionRequested')).toBe(40);
    expect(await count('model=churn')).toBe(10);
    expect(await count('tenant=default')).toBe(44);
    expect(await count('tenant=other')).toBe(0);
    expect(await count('limit=7')).toBe(7);
    expect(await count(`until=${Date.now() - 60_000}`)).toBe(0);
    expect(await count(`since=${Date.now() - 60_000}`)).toBe(44);
    await world.append(aModelRegistered());
    expect(await count('topic=models&type=ModelRegistered')).toBe(1);
    await world.close();
  });

  it('refuses what is not of this log', async () => {
    const world = await filled();
    for (const query of [
      'from=x',
      'to=0:0',
      'from=3:0:1',
      'from=0:0:999',
      'partition=4',
      'type=Nothing',
      'type=',
      'x=1',
    ]) {
      const answer = await world.get(`/v1/events?${query}`);
      expect([query, answer.statusCode]).toEqual([query, 400]);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
    await world.close();
  });

  it('names the partitions that its end leaves out', async () => {
    const world = await filled();
    const answer = await world.get('/v1/events?to=0:0:3,0:1:3');
    const detail = expect.stringMatching(/^to names no position .* of partitions 2, 3: name one of every partition/);
    expect(answer.json()).toMatchObject({ status: 400, detail, errors: [{ pointer: 'to', detail }] });
    await world.close();
  });

  it('frees its place whether it ends well or is refused', async () => {
    const world = await queryWorld({ limits: { replaysMax: 1 } });
    for (let turn = 0; turn < 3; turn++) {
      expect((await world.get('/v1/events?from=x')).statusCode).toBe(400);
      expect(await linesOf(world)).toHaveLength(4);
    }
    await world.close();
  });
});
