import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hindcast-labels-'));
});
afterEach(async () => {
  await closeAll();
  await rm(folder, { recursive: true, force: true });
});
const file = async (name: string, text: string) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
/** Applies every label but those with the value `bad`. */
const taking = () =>
  serve(({ body }, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const [at, line] of body.trimEnd().split('\n').entries()) {
      const refused = line.includes('"bad"');
      const told = refused ? { status: 'refused', error: { detail: 'no' } } : { status: 'applied', predictions: ['p'] };
      response.write(`${JSON.stringify({ line: at + 1, ...told })}\n`);
    }
    response.end();
  });

describe('hindcast labels upload', () => {
  it('sends NDJSON in parts under keys of their content, and says what became of it', async () => {
    const { url, asked } = await taking();
    const lines = Array.from({ length: 2_500 }, (_, i) => JSON.stringify({ id: `p-${i}`, value: i })).join('\n');
    const path = await file('labels.ndjson', `${lines}\n`);
    const { code, out } = await cli(['labels', 'upload', path, '--json', '--url', url]);
    expect({ code, out: JSON.parse(out) }).toEqual({
      code: 0,
      out: { lines: 2_500, applied: 2_500, parked: 0, refused: 0, warned: 0 },
    });
    expect(asked.map(({ body }) => body.split('\n').length - 1)).toEqual([1_000, 1_000, 500]);
    await cli(['labels', 'upload', path, '--url', url]);
    const keys = asked.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(3);
    expect(keys.slice(3)).toEqual(keys.slice(0, 3));
  });

  it('names refused lines as the file counts them, and fails', async () => {
    const { url } = await taking();
    const path = await file('l.ndjson', `${'{"id":"a","value":1}\n'.repeat(1_500)}{"id":"a","value":"bad"}\n`);
    const { code, err } = await cli(['labels', 'upload', path, '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain('line 1501: no');
    expect(err).toContain('1 of 1501 lines were refused.');
    expect(err).not.toContain('1500 applied');
  });

  it('tells lines that are kept with a warning, and does not fail', async () => {
    const { url } = await serve((_, response) => {
      const lines = [
        { line: 1, status: 'applied' },
        { line: 2, status: 'applied', warnings: [{ detail: 'odd' }] },
      ];
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    });
    const path = await file('l.ndjson', '{"id":"a","value":"yes"}\n{"id":"a","value":"Yes"}\n');
    const { code, out, err } = await cli(['labels', 'upload', path, '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: '2 labels: 2 applied, 0 parked, 0 refused, 1 with a warning\n' });
    expect(err).toContain('line 2: odd');
  });

  it('reads CSV, with the column that is asked for', async () => {
    const { url, asked } = await taking();
    const path = await file('l.csv', '\ufeffid,referenceId,value,weight,note\nx,"r ""1""",yes,2,hello\n,r2,0.5,,\n');
    expect((await cli(['labels', 'upload', path, '--by', 'referenceId', '--url', url])).code).toBe(0);
    expect(
      asked[0]?.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { referenceId: 'r "1"', value: 'yes', weight: 2 },
      { referenceId: 'r2', value: 0.5 },
    ]);
  });

  it('sends every digit of a number, for the server to say whether it can be held', async () => {
    const { url, asked } = await taking();
    const csv = await file('l.csv', 'id,referenceId,value\na,r,9007199254740993\n');
    await cli(['labels', 'upload', csv, '--by', 'id', '--url', url]);
    const ndjson = await file('l.ndjson', '{"id":"a","value":9007199254740993}\n');
    await cli(['labels', 'upload', ndjson, '--by', 'id', '--url', url]);
    expect(asked.map(({ body }) => body)).toEqual(Array(2).fill('{"id":"a","value":9007199254740993}\n'));
    const told = await cli(['labels', 'add', '9007199254740993', '--reference', 'r', '--url', url]);
    expect([told.code, asked.length]).toEqual([2, 2]);
  });

  it.each(['1e400', '-1e400', '[1, 1e999]', '12345678901234567890.0', '0.10'])(
    'sends the number %s as it is written, and never as null, which would take a label back',
    async (value) => {
      const { url, asked } = await taking();
      const csv = await file('l.csv', `id,referenceId,value\na,r,"${value}"\n`);
      await cli(['labels', 'upload', csv, '--by', 'id', '--url', url]);
      const ndjson = await file('l.ndjson', `{"id":"a","referenceId":"r","value":${value}}\n`);
      await cli(['labels', 'upload', ndjson, '--by', 'id', '--url', url]);
      expect(asked.map(({ body }) => body)).toEqual(Array(2).fill(`{"id":"a","value":${value}}\n`));
    },
  );

  it('takes for a text what only has a long number in it', async () => {
    const { url, asked } = await taking();
    const csv = await file('l.csv', 'id,value\na,id-9007199254740993\nb,card 9007199254740993 x\n');
    await cli(['labels', 'upload', csv, '--url', url]);
    expect(asked.map(({ body }) => body)).toEqual([
      '{"id":"a","value":"id-9007199254740993"}\n{"id":"b","value":"card 9007199254740993 x"}\n',
    ]);
    expect((await cli(['labels', 'add', 'id-9007199254740993', '--reference', 'r', '--url', url])).code).not.toBe(2);
    expect(asked).toHaveLength(2);
  });

  it('refuses on the command line a number that would become null', async () => {
    const { url, asked } = await taking();
    for (const args of [['1e400'], ['{"a":[-1e400]}'], ['1', '--weight', '1e400']]) {
      const told = await cli(['labels', 'add', ...args, '--reference', 'r', '--url', url]);
      expect([told.code, told.err]).toEqual([2, expect.stringMatching(/larger than a number|--weight must be/)]);
    }
    expect((await cli(['label', 'p', '1e400', '--url', url])).code).toBe(2);
    expect(asked).toEqual([]);
  });

  it('names refused rows of CSV as the file counts its lines', async () => {
    const { url } = await taking();
    const path = await file('l.csv', 'id,value,note\na,1,"two\nlines"\n\nb,bad,\nc,bad,"two\nlines"\n');
    const { err } = await cli(['labels', 'upload', path, '--url', url]);
    expect(err).toContain('line 5: no');
    expect(err).toContain('line 6: no');
  });

  it('refuses a line of CSV that has more or fewer cells than the header, and sends the others', async () => {
    const { url, asked } = await taking();
    const path = await file('l.csv', 'id,value,note\na,1,x\nb\n"c\nc",1,2,3\nd,1,bad\ne,bad,\n');
    const { code, out, err } = await cli(['labels', 'upload', path, '--url', url]);
    expect({ code, out }).toEqual({ code: 1, out: '5 labels: 2 applied, 0 parked, 3 refused\n' });
    expect(err).toContain('line 3: It has 1 cell, and the header has 3.\n');
    expect(err).toContain('line 4: It has 4 cells, and the header has 3.\n');
    expect(err).toContain('line 7: no\n');
    expect(asked.map(({ body }) => body.match(/"id":"."/g))).toEqual([['"id":"a"', '"id":"d"', '"id":"e"']]);
  });

  it.each([
    ['l.csv', ''],
    ['l.csv', 'id,value\n'],
    ['l.ndjson', ''],
  ])('says of a %s with %j that it is empty', async (name, text) => {
    const { url, asked } = await taking();
    const { code, err } = await cli(['labels', 'upload', await file(name, text), '--url', url]);
    expect({ code, asked }).toEqual({ code: 0, asked: [] });
    expect(err).toContain(`${name} has no labels: it is empty.`);
  });

  it.each([
    ['customer_id,churned\n1,yes\n', [], 'one of the columns id, referenceId, entity, and the column value'],
    ['customer_id,churned\n1,yes\n', [], 'its header has customer_id, churned.'],
    ['id;value\na;1\n', [], 'its header has id;value. Cells must have commas between them.'],
    ['id,value\na,1\n', ['--by', 'entity'], 'expected the column entity, and the column value'],
  ])('says of the header of %j %j what it lacks, and sends nothing', async (text, more, said) => {
    const { url, asked } = await taking();
    const told = await cli(['labels', 'upload', await file('h.csv', text), ...more, '--url', url]);
    expect([told.code, told.err]).toEqual([2, expect.stringContaining(said)]);
    expect(asked).toEqual([]);
  });

  it('refuses what is no file, no CSV and no name', async () => {
    const broken = await file('b.csv', 'id,value\n"a,1\n');
    for (const args of [[join(folder, 'none.ndjson')], [folder], [broken], [broken, '--by', 'name']]) {
      expect((await cli(['labels', 'upload', ...args, '--url', 'http://127.0.0.1:9'])).code).toBe(2);
    }
  });
});

describe('hindcast labels add', () => {
  it('says what came true by reference, or by entity and window', async () => {
    const { url, asked } = await serve((_, response, turn) =>
      send(response, 202, turn === 1 ? { status: 'applied', predictions: ['p-1', 'p-2'] } : { status: 'parked' }),
    );
    const { out } = await cli(['labels', 'add', 'yes', '--reference', 'r-1', '--weight', '2', '--url', url]);
    expect(out).toBe('p-1  labeled\np-2  labeled\n');
    const window = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-02-01T00:00:00Z', '--model', 'churn', '--latest'];
    expect((await cli(['labels', 'add', '0.5', '--entity', 'e', ...window, '--url', url])).out).toContain('parked');
    expect(asked.map(({ body }) => JSON.parse(body))).toEqual([
      { referenceId: 'r-1', value: 'yes', weight: 2 },
      {
        ...{ entity: 'e', value: 0.5, model: 'churn', match: 'latest' },
        ...{ from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' },
      },
    ]);
  });

  it.each([[['labels', 'add', 'Yes', '--reference', 'r']], [['label', 'p-1', 'Yes']]])(
    'says with %j what is odd',
    async (args) => {
      const warnings = [{ code: 'unknown_class', detail: 'odd' }];
      const { url } = await serve((_, response) =>
        send(response, 202, { status: 'applied', position: '0:1:2', warnings }),
      );
      expect(await cli([...args, '--url', url])).toMatchObject({ code: 0, err: 'odd\n' });
    },
  );

  it.each([
    [[]],
    [['--reference', 'r', '--entity', 'e']],
    [['--reference', 'r', '--weight', '-1']],
    [['--reference', 'r', '--weight', 'much']],
  ])('refuses %j', async (args) => {
    expect((await cli(['labels', 'add', 'yes', ...args, '--url', 'http://127.0.0.1:9'])).code).toBe(2);
  });
});

it('npx hindcast labels list shows what waits, and for what', async () => {
  const data = [
    { status: 'parked', id: 'p-1', value: 1, recordedAt: '2026-04-01T00:00:00.000Z' },
    {
      status: 'parked',
      entity: 'e',
      from: '2026-03-01T00:00:00Z',
      value: 'yes',
      recordedAt: '2026-04-01T00:00:00.000Z',
    },
  ];
  const { url, asked } = await serve((_, response) => send(response, 200, { data }));
  const { out } = await cli(['labels', 'list', '--parked', '--url', url]);
  expect(out.split('\n')[0]).toMatch(/^id p-1 +1 +2026-04-01/);
  expect(out).toContain('entity e 2026-03-01T00:00:00Z..  "yes"');
  expect(asked[0]?.path).toBe('/v1/labels?status=parked&limit=50');
});

it('npx hindcast quality shows a table of what is known', async () => {
  const row = {
    version: 2,
    accepted: 9,
    immature: 0,
    succeeded: 8,
    labeled: 4,
    coverage: 0.5,
    absent: 0,
    unscorable: 1,
  };
  const classes = { accuracy: 0.75, decisionAccuracy: null, auc: 0.8125, brier: 0.1, logLoss: 0.5 };
  const few = { ...row, version: 3, accepted: 9_930, succeeded: 9_929, labeled: 3, coverage: 3 / 9_929, unscorable: 0 };
  const none = { ...few, version: 4, labeled: 0, coverage: 0 };
  const { url, asked } = await serve((_, response) => send(response, 200, { data: [{ ...row, classes }, few, none] }));
  const args = ['quality', 'churn@2', '--maturity', '7d', '--absent', '0', '--after', '90d', '--url', url];
  const { out } = await cli(args);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['version', 'accepted', 'succeeded', 'labeled', 'unscorable', 'coverage', 'accuracy', 'auc', 'brier', 'log loss'],
    ['2', '9', '8', '4', '1', '50.0 %', '0.7500', '0.8125', '0.1000', '0.5000'],
    ['3', '9930', '9929', '3', '0', '<0.1 %', '-', '-', '-', '-'],
    ['4', '9930', '9929', '0', '0', '0.0 %', '-', '-', '-', '-'],
    [''],
  ]);
  expect(asked[0]?.path).toBe('/v1/models/churn/quality?version=2&maturity=7d&absent=0&after=90d');
});
