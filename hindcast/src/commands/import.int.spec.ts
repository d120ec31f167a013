import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, closeAll, serve } from '../testing/run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hindcast-import-'));
});
afterEach(async () => {
  await closeAll();
  await rm(folder, { recursive: true, force: true });
});
/** Takes every row but those with the input `bad`. */
const taking = () =>
  serve(({ body }, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const [at, line] of body.trimEnd().split('\n').entries()) {
      const told = line.includes('"bad"') ? { status: 'refused', error: { detail: 'no' } } : { status: 'imported' };
      response.write(`${JSON.stringify({ line: at + 1, ...told })}\n`);
    }
    response.end();
  });
const rows = (count: number) => Array.from({ length: count }, (_, at) => JSON.stringify({ input: at })).join('\n');

describe('hindcast import', () => {
  it('sends rows in parts, with what holds for those that do not say it, and counts what became of them', async () => {
    const { url, asked } = await taking();
    const path = join(folder, 'rows.ndjson');
    await writeFile(path, `${rows(2_500)}\n`);
    const options = ['--source', 'legacy scorer', '--model', 'churn', '--model-version', '3', '--json', '--url', url];
    const { code, out } = await cli(['import', path, ...options]);
    expect({ code, out: JSON.parse(out) }).toEqual({
      code: 0,
      out: { rows: 2_500, imported: 2_500, labeled: 0, repeated: 0, refused: 0 },
    });
    expect(asked.map(({ body }) => body.split('\n').length - 1)).toEqual([1_000, 1_000, 500]);
    expect(new Set(asked.map(({ path: of }) => of))).toEqual(
      new Set(['/v1/imports?source=legacy+scorer&model=churn&modelVersion=3']),
    );
  });

  it('says in its help what the source is by default, and that rows keep theirs', async () => {
    const help = (await cli(['import', '--help'])).out.replaceAll(/\s+/g, ' ');
    expect(help).toContain('the system that made them; rows that were there already keep theirs (default: "import")');
  });

  it('says of CSV that rows are read from NDJSON, and sends nothing', async () => {
    const { url, asked } = await taking();
    const told = await cli(['import', join(folder, 'rows.csv'), '--url', url]);
    expect([told.code, told.err]).toEqual([2, expect.stringContaining('rows are read from NDJSON')]);
    expect(asked).toEqual([]);
  });

  it('says all that is wrong with a row', async () => {
    const errors = [
      { pointer: '/output', detail: 'This member is missing.' },
      { pointer: '/model', detail: 'Needed.' },
    ];
    const { url } = await serve((_, response) => {
      const error = { detail: '/output: This member is missing. (and 1 more)', errors };
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(`${JSON.stringify({ line: 1, status: 'refused', error })}\n`);
    });
    const { err } = await cli(['import', '-', '--url', url], { stdin: '{"input":1}' });
    expect(err).toContain('line 1: /output: This member is missing. (and 1 more)\n  /model Needed.\n');
  });

  it('names refused rows as the file counts them, and fails', async () => {
    const { url } = await taking();
    const { code, out, err } = await cli(['import', '-', '--url', url], { stdin: `${rows(1_500)}\n{"input":"bad"}` });
    expect(code).toBe(1);
    expect(err).toContain('line 1501: no');
    expect(err).toContain('1 of 1501 rows were refused.');
    expect(out).toBe('1501 rows: 1500 imported, 0 labeled, 0 repeated, 1 refused\n');
    expect(err).not.toContain('1500 imported');
  });

  it('says that there is no such file', async () => {
    expect(await cli(['import', join(folder, 'none.ndjson')])).toMatchObject({ code: 2 });
  });
});
