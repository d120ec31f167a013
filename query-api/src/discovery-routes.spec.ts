import { type DomainEvent, decode, encode, eventData } from '@hindcast/domain';
import { aModelRegistered, aPredictionRequested, aPredictionSucceeded } from '@hindcast/domain/testing';
import { Value } from '@sinclair/typebox/value';
import { describe, expect, it } from 'vitest';
import { asyncApi } from './async-api.ts';
import { queryWorld } from './testing/query-world.ts';

const refsOf = (node: unknown): string[] => {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    name === '$ref' && typeof value === 'string' ? [value] : refsOf(value),
  );
};
const at = (root: unknown, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], root);

describe('discovery', () => {
  it('greets programs with links that work, and browsers with a page', async () => {
    const world = await queryWorld();
    const home = await world.get('/');
    const { links } = home.json<{ links: Record<string, string> }>();
    for (const path of Object.values(links)) {
      expect([path, (await world.get(path)).statusCode]).toEqual([path, path === '/docs' ? 301 : 200]);
    }
    const { paths } = (await world.get('/openapi.json')).json<{ paths: Record<string, { get?: object }> }>();
    const lists = Object.keys(paths).filter((path) => /^\/v1\/[a-z]+$/.test(path) && paths[path]?.get);
    expect(Object.values(links)).toEqual(expect.arrayContaining([...lists, '/livez']));
    const page = await world.get('/', { accept: 'text/html,*/*' });
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    for (const [name, path] of Object.entries(links))
      expect(page.payload).toMatch(new RegExp(`>${path.replace('?', '\\?')}</a> (?!${name}<)[^<]+ [^<]+<`));
    await world.close();
  });

  it('describes the events by the schemas that hold for them', () => {
    const api = JSON.parse(JSON.stringify(asyncApi('1')));
    expect(api.asyncapi).toBe('3.0.0');
    for (const ref of refsOf(api)) expect([ref, at(api, ref)]).not.toEqual([ref, undefined]);
    expect(Object.keys(api.components.messages)).toEqual(Object.keys(eventData));
    const { schemas } = asyncApi('1').components;
    const examples = Object.values<{ examples: { payload: DomainEvent }[] }>(api.components.messages).map(
      (message) => message.examples[0]?.payload as DomainEvent,
    );
    expect(examples.map(({ type }) => type)).toEqual(Object.keys(eventData));
    for (const event of [...examples, aPredictionRequested(), aPredictionSucceeded(), aModelRegistered()]) {
      const stored = JSON.parse(encode(event).value);
      const schema = Object.entries(schemas).find(([name]) => name === event.type)?.[1];
      expect([event.type, schema && [...Value.Errors(schema, stored)]]).toEqual([event.type, []]);
    }
  });

  it('shows the events to people without a script or an outside request', async () => {
    const world = await queryWorld();
    const { body } = await world.get('/docs/events');
    for (const type of Object.keys(eventData)) expect(body).toContain(`<h3>${type}</h3>`);
    expect(body).not.toMatch(/<script|https?:\/\/(?!github)/);
    expect(body).toContain('<code>routing.canary[].share</code>');
    expect(body).not.toContain('<td></td>');
    // LogOpened stands in each of the four topics.
    expect(body.match(/<summary>Example/g)).toHaveLength(Object.keys(eventData).length + 3);
    await world.close();
  });

  it('documents every route with what it answers', async () => {
    const world = await queryWorld();
    const api = (await world.get('/openapi.json')).json();
    const paths = Object.entries<
      Record<string, { responses: Record<string, { content?: object }>; operationId?: string }>
    >(api.paths);
    expect(paths.map(([path]) => path)).toEqual(
      expect.arrayContaining(['/v1/predictions/{id}', '/getResults', '/v1/events', '/v1/models/{name}', '/v1/stats']),
    );
    for (const [path, operations] of paths) {
      for (const { responses, operationId } of Object.values(operations)) {
        expect([path, operationId]).not.toEqual([path, undefined]);
        expect([path, responses['200']?.content]).not.toEqual([path, undefined]);
      }
    }
    expect(api.paths['/getResults'].get.description).toContain('classic interface');
    expect(api.paths['/v1/events'].get.responses['200'].content).toHaveProperty('application/x-ndjson');
    for (const ref of refsOf(api)) expect([ref, at(api, ref)]).not.toEqual([ref, undefined]);
    await world.close();
  });

  it('keeps events decodable by what it says of them', () => {
    const event = aPredictionRequested();
    const record = {
      ...encode(event),
      topic: 'hindcast.predictions.v1' as const,
      partition: 0,
      offset: 1,
      appendedAt: 1,
    };
    const { event: _, ...stored } = record;
    expect(decode(stored)).toEqual({ ok: true, event });
  });
});
