import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

describe('hindcast models', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('sends the file as it is, and beside it what the file does not say', async () => {
    writeFileSync(join(folder, 'm.onnx'), 'the bytes');
    writeFileSync(join(folder, 'side.json'), '{ "threshold": 0.5 }');
    const { url, asked } = await serve((_, response) => send(response, 201, { version: 3 }));
    const args = ['models', 'add', 'churn', join(folder, 'm.onnx'), '--metadata', join(folder, 'side.json')];
    const { code, out } = await cli([...args, '--timeout', '2s', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: 'churn@3 is registered\n' });
    const [request] = asked;
    expect(request?.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-length': '9' });
    expect(request?.body).toBe('the bytes');
    const sent = new URL(request?.path ?? '', url).searchParams;
    expect(Object.fromEntries(sent)).toEqual({ metadata: '{"threshold":0.5}', timeoutMs: '2000' });
  });

  it('promotes from the revision that it saw, and keeps the other canaries', async () => {
    const canary = [
      { version: 2, share: 0.1 },
      { version: 3, share: 0.2 },
    ];
    const { url, asked } = await serve(({ method }, response) =>
      send(response, 200, method === 'GET' ? { name: 'churn', routing: { champion: 1, canary } } : {}, { etag: '"7"' }),
    );
    expect((await cli(['models', 'promote', 'churn@2', '--url', url])).code).toBe(0);
    expect(asked[1]).toMatchObject({ method: 'PUT', path: '/v1/models/churn/routing' });
    expect(asked[1]?.headers['if-match']).toBe('"7"');
    expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ champion: 2, canary: [{ version: 3, share: 0.2 }] });
  });
});
