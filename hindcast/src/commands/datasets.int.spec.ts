import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);
const folder = mkdtempSync(join(tmpdir(), 'hindcast-cli-datasets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const content = 'x'.repeat(100_000);
const file = {
  name: 'train/part-00000.ndjson',
  split: 'train',
  rows: 3,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
};
const manifest = {
  datasetId: `9f86d081${'0'.repeat(56)}`,
  spec: {
    since: Date.parse('2025-12-31T10:00:00Z'),
    split: { holdout: { name: 'late', since: Date.parse('2026-01-31T00:00:00Z') } },
  },
  cut: { epoch: 2, ranges: [0, 1].map((partition) => ({ partition, from: 0, to: 7 + partition })) },
  files: [file],
  columns: [],
  accountedFor: { requests: 4, rows: 3, unlabelled: 1, failed: 0 },
};

const id = manifest.datasetId;
const otherId = 'e'.repeat(64);
describe('hindcast datasets', () => {
  it('asks for what the options say, on top of what stands in a file, and waits', async () => {
    const spec = join(folder, 'spec.json');
    writeFileSync(spec, JSON.stringify({ format: 'csv', labels: { pick: 'first', absent: 'drop' }, inputs: ['age'] }));
    const { url, asked } = await serve(({ method, path }, response) => {
      if (method === 'POST') return send(response, 202, { id: 'd1', job: 'j1' });
      return send(response, 200, path.startsWith('/v1/jobs') ? { status: 'succeeded' } : manifest);
    });
    const wishes = ['--spec', spec, '--unlabelled', 'no@90d', '--maturity', '1d', '--sample', '10%'];
    const more = [
      '--split',
      'train=0.8,test=0.2',
      '--holdout',
      'late@2026-01-31T00:00:00Z',
      '--redact',
      'entity=hmac',
      'input.age=bucket:10',
      '--format',
      'ndjson',
    ];
    const { code, out } = await cli(['datasets', 'create', 'churn', ...wishes, ...more, '--url', url]);
    expect(code).toBe(0);
    expect(out).toContain('4 requests = 3 rows + 1 unlabelled');
    expect(out).toContain(
      '--from 2:0:0,2:1:0 --to 2:0:7,2:1:8 --since 2025-12-31T10:00:00.000Z --holdout late@2026-01-31T00:00:00.000Z\n',
    );
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      model: 'churn',
      format: 'ndjson',
      inputs: ['age'],
      labels: { pick: 'first', absent: { afterMs: 90 * 86_400_000, value: 'no' }, maturityMs: 86_400_000 },
      sample: { fraction: 0.1 },
      split: {
        parts: [
          { name: 'train', share: 0.8 },
          { name: 'test', share: 0.2 },
        ],
        holdout: { name: 'late', since: '2026-01-31T00:00:00.000Z' },
      },
      redact: [
        { column: 'entity', how: 'hmac' },
        { column: 'input.age', how: 'bucket', width: 10 },
      ],
    });
  });

  it.each([
    ['--unlabelled', 'maybe'],
    ['--sample', 'some'],
    ['--split', 'train'],
    ['--redact', 'entity=blur'],
    ['--maturity', 'soon'],
    ['--maturity', '7'],
    ['--unlabelled', 'no@90'],
    ['--unlabelled', 'no@0d'],
    ['--since', '2026-01-01T00:00:00'],
    ['--version', '9'],
    ['--spec', '/nowhere.json'],
    ['--data', folder],
    ['--holdout', 'late'],
    ['--holdout', 'late@sometime'],
  ])('refuses %s %s', async (...option) => {
    expect((await cli(['datasets', 'create', 'churn', ...option])).code).toBe(2);
  });

  it('refuses a file as the folder for a set, before anything is asked', async () => {
    const out = join(folder, 'a file');
    writeFileSync(out, 'mine');
    const { url, asked } = await serve((_, response) => send(response, 500, {}));
    for (const wrong of [out, join(out, 'below')])
      for (const args of [
        ['create', 'churn'],
        ['create', 'churn', '--data', folder],
        ['download', id],
      ]) {
        const told = await cli([
          'datasets',
          ...args,
          '--out',
          wrong,
          ...(args.includes('--data') ? [] : ['--url', url]),
        ]);
        expect([told.code, told.err]).toEqual([
          2,
          expect.stringMatching(/is a file: name a folder|cannot be a folder/),
        ]);
      }
    expect(asked).toEqual([]);
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it.each(['.', 'sets', '../data'])('refuses a folder in the data folder for a set: %s', async (path) => {
    const data = join(folder, 'data');
    const told = await cli(['datasets', 'create', 'churn', '--data', data, '--out', join(data, path)]);
    expect([told.code, told.err]).toEqual([2, expect.stringContaining('in the data folder')]);
  });

  it('takes the beginning of an id, as long as it is that of one set', async () => {
    const other = `9f86d0${'1'.repeat(58)}`;
    const { url, asked } = await serve(({ path }, response) => {
      if (path.startsWith('/v1/datasets?')) return send(response, 200, { data: [{ id }, { id: other }] });
      return send(response, 200, path.includes('/diff') ? { differences: [] } : manifest);
    });
    const told = (...args: string[]) => cli(['datasets', ...args, '--url', url]);
    expect(await told('diff', '9f86d081', '9f86d01…')).toMatchObject({ code: 0, out: 'They are the same.\n' });
    expect(asked.at(-1)?.path).toBe(`/v1/datasets/diff?a=${id}&b=${other}`);
    expect((await told('show', '9f86d081...')).code).toBe(0);
    expect(asked.at(-1)?.path).toBe(`/v1/datasets/${id}`);
    expect(await told('show', '9f86d0')).toMatchObject({ code: 2, err: expect.stringContaining('several data sets') });
    expect(await told('show', 'abcdef')).toMatchObject({ code: 3, err: expect.stringContaining('begins with abcdef') });
    expect(await told('show', 'churn')).toMatchObject({ code: 2, err: expect.stringContaining('64 digits') });
  });

  it('ends with 3 where the server knows no such model', async () => {
    const error = { code: 'unknown_model', detail: 'No model is named chrun. Did you mean churn?' };
    const { url } = await serve(({ method }, response) =>
      method === 'POST'
        ? send(response, 202, { id: 'd1', job: 'j1' })
        : send(response, 200, { status: 'failed', attempts: 1, error }),
    );
    const { code, err } = await cli(['datasets', 'create', 'chrun', '--url', url]);
    expect([code, err]).toEqual([3, expect.stringContaining(error.detail)]);
  });

  it('goes on with a download that was broken off, and keeps what it has', async () => {
    const ranges: unknown[] = [];
    const { url } = await serve(({ path, headers }, response) => {
      if (!path.includes('/files/')) return send(response, 200, manifest);
      ranges.push(headers.range);
      const first = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
      const etag = `"${file.sha256}"`;
      response.writeHead(first > 0 && headers['if-range'] === etag ? 206 : 200, {
        'content-length': content.length - first,
      });
      if (ranges.length > 1) return response.end(content.slice(first));
      response.write(content.slice(0, 40_000));
      setTimeout(() => response.destroy(), 50);
    });
    const out = join(folder, 'set');
    const download = () => cli(['datasets', 'download', id, '--out', out, '--url', url]);
    expect(await download()).toMatchObject({ code: 0, err: expect.not.stringContaining('part-00000') });
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(readFileSync(join(out, 'train/part-00000.ndjson'), 'utf8')).toBe(content);
    expect((await download()).code).toBe(0);
    expect(ranges).toHaveLength(2);
    expect(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))).toEqual(manifest);
  });

  it('leaves nothing of an older set in the folder, and everything that is not of it', async () => {
    const out = join(folder, 'twice');
    const older = ['all/part-00000.ndjson', 'test/part-00000.ndjson', 'train/part-00000.ndjson', '../twice.txt'];
    for (const name of [...older, 'test/mine.txt']) {
      mkdirSync(dirname(join(out, name)), { recursive: true });
      writeFileSync(join(out, name), 'old');
    }
    writeFileSync(
      join(out, 'manifest.json'),
      JSON.stringify({ datasetId: otherId, files: older.map((name) => ({ name })) }),
    );
    const { url } = await serve(({ path }, response) =>
      path.includes('/files/') ? response.end(content) : send(response, 200, manifest),
    );
    expect((await cli(['datasets', 'download', id, '--out', out, '--url', url])).code).toBe(0);
    expect(readdirSync(out, { recursive: true }).sort()).toEqual([
      'manifest.json',
      'test',
      'test/mine.txt',
      'train',
      'train/part-00000.ndjson',
    ]);
    expect(readFileSync(join(folder, 'twice.txt'), 'utf8')).toBe('old');
    expect(readFileSync(join(out, 'train/part-00000.ndjson'), 'utf8')).toBe(content);
  });

  it('throws away what is not what the manifest says', async () => {
    const { url } = await serve(({ path }, response) => {
      if (path.includes('/files/')) return response.end(content.replace('x', 'y'));
      return send(response, 200, manifest);
    });
    const out = join(folder, 'bad');
    const { code, err } = await cli(['datasets', 'download', id, '--out', out, '--url', url]);
    expect([code, err]).toEqual([1, expect.stringContaining('should be')]);
    expect(readdirSync(out)).toEqual([]);
  });

  it.each([
    ...['../beside', '../../beside', 'train/../../beside', '/beside', '//beside', 'train\\..\\..\\beside', 'train/..'],
    ...['beside', 'train/deep/beside', '.hidden/beside', 'train/.beside', 'C:/beside', '', 'manifest.json/part-0'],
  ])('writes nothing of a set that has a file called %j', async (name) => {
    const { url, asked } = await serve(({ path }, response) =>
      path.startsWith('/v1/datasets/') && path.endsWith(id)
        ? send(response, 200, { ...manifest, files: [file, { ...file, name }] })
        : response.end(content),
    );
    const before = readdirSync(folder);
    const out = join(folder, 'named', 'below');
    const { code, err } = await cli(['datasets', 'download', id, '--out', out, '--url', url]);
    expect([code, err]).toEqual([1, expect.stringContaining(`names ${JSON.stringify(name)}, which no file`)]);
    expect(readdirSync(folder)).toEqual(before);
    expect(asked).toHaveLength(1);
  });

  it.each([content.length - 1, content.length + 1])('gives up where a file has %d bytes', async (length) => {
    const { url } = await serve(({ path }, response) =>
      path.includes('/files/') ? response.end(Buffer.alloc(length)) : send(response, 200, manifest),
    );
    const err = expect.stringContaining(`sends ${length} bytes of ${file.name}, which should have`);
    const run = await cli(['datasets', 'download', id, '--out', join(folder, 'short'), '--url', url]);
    expect(run).toMatchObject({ code: 1, err });
  });

  it.each([
    [{ files: [{ ...file, sha256: '../../../beside' }] }, 'is no manifest of a data set'],
    [{ files: [{ ...file, name: [file.name] }] }, 'is no manifest of a data set'],
    [{ files: [{ ...file, bytes: -1 }] }, 'is no manifest of a data set'],
    [{ files: undefined }, 'is no manifest of a data set'],
    ['<html>', 'is no manifest of a data set'],
    [{ datasetId: otherId }, `sent the data set ${otherId} in place of ${id}`],
  ])('writes nothing of a set whose manifest is none, or of another one: %j', async (wrong, said) => {
    const { url, asked } = await serve(({ path }, response) => {
      if (path.includes('/files/')) return response.end(content);
      return typeof wrong === 'string' ? response.end(wrong) : send(response, 200, { ...manifest, ...wrong });
    });
    const before = readdirSync(folder);
    const { code, err } = await cli(['datasets', 'download', id, '--out', join(folder, 'none'), '--url', url]);
    const whole = `${said}: is ${url} the address of a Hindcast server?`;
    expect([code, err]).toEqual([1, expect.stringContaining(whole)]);
    expect(readdirSync(folder)).toEqual(before);
    expect(asked).toHaveLength(1);
  });

  it('leaves the set that is there until the other one has come whole', async () => {
    const out = join(folder, 'until');
    mkdirSync(join(out, 'train'), { recursive: true });
    const older = JSON.stringify({ datasetId: otherId, files: [{ name: file.name }, { name: 'train/b' }] });
    writeFileSync(join(out, 'manifest.json'), older);
    writeFileSync(join(out, file.name), 'old');
    writeFileSync(join(out, 'train/b'), 'old');
    const late = { ...file, name: 'train/part-00001.ndjson' };
    let fails = true;
    const { url } = await serve(({ path }, response) => {
      if (!path.includes('/files/')) return send(response, 200, { ...manifest, files: [file, late] });
      return fails && path.endsWith(late.name) ? send(response, 410, {}) : response.end(content);
    });
    const download = () => cli(['datasets', 'download', id, '--out', out, '--url', url]);
    expect((await download()).code).not.toBe(0);
    expect(readFileSync(join(out, file.name), 'utf8')).toBe('old');
    expect(readFileSync(join(out, 'manifest.json'), 'utf8')).toBe(older);
    expect(readdirSync(out).sort()).toEqual(['.hindcast-unfinished', 'manifest.json', 'train']);
    fails = false;
    expect((await download()).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['manifest.json', 'train']);
    expect(readdirSync(join(out, 'train')).sort()).toEqual(['part-00000.ndjson', 'part-00001.ndjson']);
    expect(readFileSync(join(out, late.name), 'utf8')).toBe(content);
  });

  it('refuses a folder whose manifest is of something else', async () => {
    const out = join(folder, 'foreign');
    mkdirSync(join(out, 'src'), { recursive: true });
    writeFileSync(join(out, 'manifest.json'), JSON.stringify({ name: 'an app', files: [{ name: 'src/app.js' }] }));
    writeFileSync(join(out, 'src/app.js'), 'mine');
    const { url } = await serve((_, response) => send(response, 200, manifest));
    const { code, err } = await cli(['datasets', 'download', id, '--out', out, '--url', url]);
    expect([code, err]).toEqual([1, expect.stringContaining('is not of a data set: move it away')]);
    expect(readFileSync(join(out, 'src/app.js'), 'utf8')).toBe('mine');
  });
});
