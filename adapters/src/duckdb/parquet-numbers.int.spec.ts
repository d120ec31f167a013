import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryArtifactStore } from '@hindcast/domain/in-memory';
import { aPredictionRequested, aPredictionSucceeded, logOf, planOf, storedHistory } from '@hindcast/domain/testing';
import { expect, it } from 'vitest';
import { createDuckdbExtractor } from './duckdb-extractor.ts';
import { openDuckdbSessions } from './duckdb-session.ts';
import { text } from './sql-text.ts';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

it('writes numbers that JSON has not as what they are into Parquet', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const bounds = { memoryBytesMax: 128 * 1_048_576, threads: 1 };
  const extractor = createDuckdbExtractor({ folder, sha256, ...bounds });
  const partition = (id: string, y: unknown) => [
    { event: aPredictionRequested({ id, eventId: `request-${id}` }) },
    { event: aPredictionSucceeded({ id, eventId: `end-${id}`, cause: `request-${id}`, output: { y } }) },
  ];
  const records = storedHistory([[...partition('a', 0.5), ...partition('b', 'NaN')], partition('c', '-Infinity')]);
  const source = { log: logOf(records), artifacts: createMemoryArtifactStore({ sha256 }), versions: [] };
  const run = { signal: new AbortController().signal, progress: () => {} };
  const { files } = await extractor.extract(planOf(records, { format: 'parquet' }), 'work', source, run);
  for (const [at, { content }] of files.entries()) await writeFile(join(folder, `${at}.parquet`), content());
  const { sessions, close } = await openDuckdbSessions(folder, bounds);
  const found = `SELECT typeof("output.y"), "output.y"::VARCHAR FROM ${text(join(folder, '*.parquet'))} ORDER BY position`;
  expect(await sessions[0]?.rows(found)).toEqual([
    ['DOUBLE', '0.5'],
    ['DOUBLE', 'nan'],
    ['DOUBLE', '-inf'],
  ]);
  close();
  await rm(folder, { recursive: true });
});
