import { execFileSync } from 'node:child_process';
import { modelBody } from '@hindcast/adapters/http';
import { aModelPaused, aModelRegistered, aModelRoutingMoved } from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import { queryWorld } from './testing/query-world.ts';

const second = () => aModelRegistered({ eventId: 'second', sha256: 'b'.repeat(64), example: { age: 7 } });

describe('models', () => {
  it('shows versions, routing, and an example with a request that uses it', async () => {
    const world = await queryWorld();
    await world.append(
      aModelRegistered(),
      second(),
      aModelRoutingMoved({ routing: { champion: 2, canary: [] }, base: 2 }),
    );
    await world.fold();
    const answer = await world.get('/v1/models/churn');
    expect(answer.headers['etag']).toBe('"3"');
    expect(answer.json()).toMatchObject({
      name: 'churn',
      revision: 3,
      routing: { champion: 2 },
      example: { age: 7 },
      versions: [
        { version: 1, sha256: 'a'.repeat(64), state: 'active', settings: { batchMax: 64 } },
        { version: 2, sha256: 'b'.repeat(64) },
      ],
    });
    expect(answer.json().curl).toContain(`-d '{"model":"churn","input":{"age":7}}'`);
    const version = await world.get('/v1/models/churn/versions/1');
    expect(version.json()).toMatchObject({ version: 1, example: { age: 41 } });
    expect(version.json().curl).toContain('"churn@1"');
    expect((await world.get('/v1/models')).json().data).toHaveLength(1);
    await world.close();
  });

  it('has an ETag that changes with the model', async () => {
    const world = await queryWorld();
    await world.append(aModelRegistered());
    await world.fold();
    const etag = String((await world.get('/v1/models/churn')).headers['etag']);
    expect((await world.get('/v1/models/churn', { 'if-none-match': etag })).statusCode).toBe(304);
    await world.append(aModelPaused());
    await world.fold();
    const answer = await world.get('/v1/models/churn', { 'if-none-match': etag });
    expect(answer.json()).toMatchObject({ paused: true, revision: 2 });
    await world.close();
  });

  it('says that a model is unknown only when the view has passed the end of the log', async () => {
    const world = await queryWorld({ limits: { viewWaitMsMax: 30 } });
    await world.append(aModelRegistered());
    expect((await world.get('/v1/models/churn')).json().type).toBe('/problems/view-behind');
    await world.fold();
    expect((await world.get('/v1/models/churn')).statusCode).toBe(200);
    expect((await world.get('/v1/models/other')).json().type).toBe('/problems/unknown-model');
    expect((await world.get('/v1/models/churn/versions/2')).json().type).toBe('/problems/unknown-model-version');
    expect((await world.get('/v1/models/churn/versions/x')).json().type).toBe('/problems/invalid-parameter');
    await world.close();
  });

  it('quotes the request so that no example can break out of it', async () => {
    const world = await queryWorld();
    const input = { name: `it's "$(touch /tmp/no)" \\ \`id\`` };
    await world.append(aModelRegistered({ example: input }));
    await world.fold();
    const doc = await world.views.reader.model('default/churn');
    const curl = doc ? modelBody("http://x'; exit 3; '", doc.name, doc.state).curl : '';
    const words = execFileSync('/bin/sh', ['-c', `curl() { printf '%s\\0' "$@"; }; ${curl}`])
      .toString()
      .split('\0');
    expect(words[1]).toBe("http://x'; exit 3; '/v1/predictions");
    expect(JSON.parse(words[words.indexOf('-d') + 1] ?? '')).toEqual({ model: 'churn', input });
    await world.close();
  });
});
