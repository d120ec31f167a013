import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

describe('hindcast replay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const lines = Array.from({ length: 5 }, (_, at) => JSON.stringify({ position: `0:0:${at}`, cursor: `c${at}` }));
  const whole = `${lines.join('\n')}\n`;
  /** Serves the lines behind `from`, as the API does. */
  const behind = (path: string): string => {
    const from = new URL(path, 'http://x').searchParams.get('from');
    return lines
      .slice(from === null ? 0 : Number(from.slice(1)) + 1)
      .map((line) => `${line}\n`)
      .join('');
  };

  it('prints every line once, though the connection breaks in the middle of one', async () => {
    const { url, asked } = await serve(({ path }, response, turn) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      if (turn > 1) return response.end(behind(path));
      response.write(whole.slice(0, (lines[0]?.length ?? 0) * 2 + 10));
      setTimeout(() => response.destroy(), 20);
    });
    const args = ['replay', '--type', 'PredictionRequested', 'PredictionFailed', '--url', url];
    expect(await cli(args)).toMatchObject({ code: 0, out: whole });
    expect(asked[0]?.path).toContain('type=PredictionRequested%2CPredictionFailed');
    expect(new URL(asked[1]?.path ?? '', url).searchParams.get('from')).toBe('c1');
  });

  it('goes on behind the last whole line of a file', async () => {
    const file = join(folder, 'events.ndjson');
    writeFileSync(file, `${lines[0]}\n${lines[1]}\n${lines[2]?.slice(0, 5)}`);
    const { url } = await serve(({ path }, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(behind(path));
    });
    expect((await cli(['replay', '--out', file, '--url', url])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(whole);
    expect((await cli(['replay', '--out', file, '--url', url])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(whole);
  });
});
