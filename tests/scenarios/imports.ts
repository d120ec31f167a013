import { expect } from 'vitest';
import { clientOf, modelFile, until } from './client.ts';
import type { Scenario } from './system.ts';

const rowsMax = 100;
const query = '?source=legacy&model=imported&modelVersion=9';

const upload = async (url: string, rows: readonly object[]): Promise<readonly Record<string, unknown>[]> => {
  const response = await fetch(`${url}/v1/imports${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  });
  expect(response.status).toBe(200);
  return (await response.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

export const importedHistoryIsReadAndNeverRun: Scenario = {
  title: 'history from before is imported once, read and replayed like the rest, and run by nobody',
  async run(start) {
    const { url } = await start();
    const client = clientOf(url);
    await client.addModel('imported', modelFile('linear'));
    const rows = Array.from({ length: rowsMax }, (_, at) => ({
      input: [at, 0, 0, 0],
      output: { y: -1 },
      eventTime: new Date(Date.UTC(2025, 0, 1, 0, at)).toISOString(),
      entity: `customer-${at % 7}`,
      ...(at % 2 === 0 ? { label: { value: at, source: 'billing' } } : undefined),
    }));
    const told = await upload(url, rows);
    expect(told.filter(({ status }) => status !== 'imported')).toEqual([]);
    const ids = told.map(({ id }) => String(id));
    expect(new Set(ids).size).toBe(rowsMax);

    // What comes behind the import in the same partitions is answered: whoever runs it has passed all of the import.
    const { body } = await client.submit({ model: 'imported', items: rows.map(({ input }) => ({ input })) });
    for (const { id } of body['items'] as { id: string }[]) await client.ended(id);
    for (const [at, id] of ids.entries()) {
      const read = (await client.get(id)).body;
      expect(read).toMatchObject({
        ...{ status: 'succeeded', modelVersion: 9, role: 'imported', attempts: 0, output: { y: -1 } },
        imported: { source: 'legacy', at: rows[at]?.eventTime },
      });
      expect([read['labels']].flat().length).toBe(1);
    }

    const events = (await (await fetch(`${url}/v1/events`)).text()).split('\n').filter((line) => line !== '');
    const ofImports = events.filter((line) => ids.includes(JSON.parse(line).event.subject));
    expect(ofImports).toHaveLength(rowsMax * 2.5);
    const stats = async () =>
      (await client.request('GET', '/v1/stats?model=imported')).body['data'] as {
        version: number;
        succeeded: number;
      }[];
    await until(
      'the statistics have what was run',
      async () => (await stats()).reduce((sum, { succeeded }) => sum + succeeded, 0) === rowsMax,
    );
    expect((await stats()).filter(({ version }) => version === 9)).toEqual([]);

    expect((await upload(url, rows)).filter(({ status }) => status !== 'repeated')).toEqual([]);
    const again = (await (await fetch(`${url}/v1/events`)).text()).split('\n').filter((line) => line !== '');
    expect(again).toHaveLength(events.length);
  },
};
