import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetExtractorContract } from '@hindcast/domain/contracts';
import { createDuckdbExtractor } from './duckdb-extractor.ts';

datasetExtractorContract('DuckDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'duckdb-extractor-'));
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
  return {
    extractor: createDuckdbExtractor({ folder, sha256, memoryBytesMax: 268_435_456, threads: 2 }),
    runs: 40,
    stop: () => rm(folder, { recursive: true }),
  };
});
