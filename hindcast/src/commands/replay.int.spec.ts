import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
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
  const end = `0:0:${lines.length}`;
  /** Serves the lines behind the cursor, or from the position, `from`, as the API does. */
  const behind = (path: string, all: readonly string[] = lines): string => {
    const from = new URL(path, 'http://x').searchParams.get('from') ?? '0:0:0';
    const first = from.startsWith('c') ? Number(from.slice(1)) + 1 : Number(from.split(':')[2]);
    return all
      .slice(first)
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

  it('goes on behind the last whole line of a file, with what the options meant when it was begun', async () => {
    const file = join(folder, 'events.ndjson');
    const { url, asked } = await serve(({ path }, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'hindcast-log-end': end });
      response.end(behind(path));
    });
    const replay = () => cli(['replay', '--since', '1h', '--model', 'churn', '--out', file, '--url', url]);
    expect((await replay()).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(whole);
    truncateSync(file, whole.length - 5);
    expect((await replay()).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(whole);
    const [first, second] = asked.map(({ path }) => new URL(path, url).searchParams);
    expect(second?.get('since')).toBe(first?.get('since'));
    expect(second?.get('from')).toBe('c3');
  });

  it('takes what came since, into a file that was complete and into one that was broken off', async () => {
    const file = join(folder, 'nightly.ndjson');
    const log = lines.slice(0, 3);
    const { url } = await serve(({ path }, response) => {
      // A cursor carries the end of its own cut, which was the log's end at that time.
      const isResumed = path.includes('from=c');
      const cut = isResumed ? log.slice(0, 3) : log;
      response.writeHead(200, { 'hindcast-log-end': `0:0:${cut.length}` });
      response.end(behind(path, cut));
    });
    const replay = async () => {
      expect((await cli(['replay', '--out', file, '--url', url])).code).toBe(0);
      return readFileSync(file, 'utf8');
    };
    const linesOf = (count: number) => whole.split('\n').slice(0, count).join('\n').concat('\n');
    expect(await replay()).toBe(linesOf(3));
    expect(await replay()).toBe(linesOf(3));
    log.push(lines[3] ?? '');
    expect(await replay()).toBe(linesOf(4));
    log.push(lines[4] ?? '');
    truncateSync(file, linesOf(2).length + 4);
    expect(await replay()).toBe(whole);
  });

  it.each([
    [['--model', 'churn'], ['--type', 'PredictionSucceeded'], 'with --model churn, and this would go on with --type'],
    [[], ['--model', 'churn'], 'begun without a filter'],
    [['--model', 'churn'], ['--model', 'churn', '--from', 'c1'], 'go on with --model churn --from c1'],
  ])('does not go on with %j as %j, which would leave holes', async (begun, later, said) => {
    const file = join(folder, `${said.replaceAll(/\W/g, '')}.ndjson`);
    const { url } = await serve(({ path }, response) => {
      response.writeHead(200, { 'hindcast-log-end': end });
      response.end(behind(path));
    });
    expect((await cli(['replay', ...begun, '--out', file, '--url', url])).code).toBe(0);
    const { code, err } = await cli(['replay', ...later, '--out', file, '--url', url]);
    expect(code).toBe(2);
    expect(err).toContain(said);
    expect(readFileSync(file, 'utf8')).toBe(whole);
    rmSync(`${file}.query`);
    expect((await cli(['replay', ...begun, '--out', file, '--url', url])).err).toContain('is missing');
    writeFileSync(`${file}.query`, '[]');
    expect((await cli(['replay', ...begun, '--out', file, '--url', url])).code).toBe(2);
  });

  it('asks for the topic that a type is in', async () => {
    const { url, asked } = await serve((_, response) => response.end(''));
    expect((await cli(['replay', '--type', 'ModelRegistered', '--url', url])).code).toBe(0);
    expect(asked[0]?.path).toContain('topic=models');
    expect((await cli(['replay', '--type', 'ModelRegistered', '--topic', 'predictions', '--url', url])).code).toBe(2);
  });
});
