import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDuckdbExtractor } from '@hindcast/adapters/duckdb';
import { nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { DATASET_FORMATS, planDataset, readModels, versionRulesOf } from '@hindcast/domain';
import { createMemoryArtifactStore } from '@hindcast/domain/in-memory';
import { expect, it } from 'vitest';
import { makeFolderWithPredictions } from '../faults/dataset-history.ts';
import { pythonOrSkip, runPython } from './python-client.ts';

const testMsMax = 600_000;

it(
  'data sets are read by pandas, polars, DuckDB and pyarrow as they were written',
  async ({ skip }) => {
    const python = await pythonOrSkip('data sets in pandas, polars, DuckDB and pyarrow', skip);
    const folder = await mkdtemp(join(tmpdir(), 'hindcast-python-'));
    try {
      await makeFolderWithPredictions(folder, 1_000);
      const log = openSqliteLogReader(folder);
      const { sha256 } = nodeIdentity;
      const extractor = createDuckdbExtractor({ folder, sha256, memoryBytesMax: 268_435_456, threads: 1 });
      const models = await readModels(log);
      const versions = versionRulesOf(models, 'default', 'churn');
      const source = { log, versions, artifacts: createMemoryArtifactStore({ sha256 }) };
      const paths: string[] = [];
      for (const format of DATASET_FORMATS) {
        const request = { model: 'churn', format, labels: { absent: 'keep' as const } };
        const planned = await planDataset(log, request, { tenant: 'default', extractor, redactionKeyId: undefined });
        if (!planned.ok) throw new Error(planned.refusal.detail);
        const run = { signal: new AbortController().signal, progress: () => {} };
        const extracted = await extractor.extract(planned.plan, format, source, run);
        const set = join(folder, `set-${format}`);
        await mkdir(join(set, 'all'), { recursive: true });
        for (const { name, content } of extracted.files) await writeFile(join(set, name), content());
        // Readers of Parquet take a folder.
        paths.push(format === 'parquet' ? join(set, 'all') : join(set, extracted.files[0]?.name ?? ''));
        await extracted.discard();
      }
      log.close();
      expect(await runPython(python, 'datasets_check.py', ...paths)).toMatch(/^[1-9]\d* checks passed\n$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  testMsMax,
);
