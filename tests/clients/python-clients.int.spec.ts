import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { afterAll, describe, it } from 'vitest';
import { clientOf, sampleFile } from '../scenarios/client.ts';
import { pythonOrSkip, runPython } from './python-client.ts';

const samples = fileURLToPath(new URL('../../samples/', import.meta.url));
const testMsMax = 600_000;

const startServer = () =>
  startHindcast({ ...defaultConfig, port: 0, memory: true, children: 1 }, pino({ level: 'warn' }));

describe('the Open Inference Protocol', () => {
  it(
    "is understood by Triton's Python client as it comes",
    async ({ skip, expect }) => {
      const python = await pythonOrSkip("Triton's Python client against the Open Inference Protocol", skip);
      const server = await startServer();
      try {
        const printed = await runPython(python, 'tritonclient_check.py', new URL(server.url).host, samples);
        expect(printed).toMatch(/^[1-9]\d* checks passed\n$/);
      } finally {
        await server.stop();
      }
    },
    testMsMax,
  );
});

describe('the lines of Python in the README', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  /** What the README's program makes of the events, with another model's name in it. */
  const framed = async (python: string, events: string, model: string) => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const program =
      /^```python\n(import json, pandas.*?)^```$/ms.exec(readme)?.[1]?.replace('"churn"', JSON.stringify(model)) ?? '';
    const folder = await mkdtemp(join(tmpdir(), 'hindcast-pandas-'));
    folders.push(folder);
    await writeFile(join(folder, 'events.ndjson'), events);
    const file = join(folder, 'program.py');
    await writeFile(
      file,
      `import os; os.chdir(${JSON.stringify(folder)})\n${program}\nprint(rows.to_json(orient="index"))\n`,
    );
    return JSON.parse(await runPython(python, file)) as Record<string, Record<string, unknown>>;
  };

  it(
    'make a frame of the inputs of one model, however they were sent, with what came true',
    async ({ skip, expect }) => {
      const python = await pythonOrSkip("the README's lines for pandas", skip);
      const server = await startServer();
      try {
        const client = clientOf(server.url);
        const golden = (await readFile(sampleFile('breast-cancer/golden.ndjson'), 'utf8')).split('\n')[0] ?? '';
        const { input: named } = JSON.parse(golden) as { input: Record<string, number> };
        const asList = Object.values(named);
        const churn = { tenure_months: 7, monthly_charges: 33.16, usage_hours: null, plan: 'basic', region: 'north' };
        const id = async (model: string, input: unknown) => {
          const { body } = await client.submit({ model, input }, { prefer: 'wait=10' });
          expect(body['status']).toBe('succeeded');
          return String(body['id']);
        };
        const [first, second] = [await id('churn', churn), await id('churn', churn)];
        const [list, object] = [await id('breast-cancer', asList), await id('breast-cancer', named)];
        for (const value of ['no', 'yes']) {
          await client.request('POST', `/v1/predictions/${first}/labels`, { body: { value } });
        }
        const events = await (await fetch(`${server.url}/v1/events`)).text();
        const rows = await framed(python, events, 'churn');
        expect(Object.keys(rows)).toEqual([first, second]);
        expect(rows[first]).toMatchObject({ ...churn, label: 'yes' });
        expect(rows[second]?.['label']).toBeNull();
        const others = await framed(python, events, 'breast-cancer');
        expect(others[list]?.['0']).toBeCloseTo(asList[0] ?? 0);
        expect(others[object]).toMatchObject({ [Object.keys(named)[0] ?? '']: asList[0] });
      } finally {
        await server.stop();
      }
    },
    testMsMax,
  );
});
