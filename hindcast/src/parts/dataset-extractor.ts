import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createDuckdbExtractor } from '@hindcast/adapters/duckdb';
import { nodeIdentity } from '@hindcast/adapters/node';
import type { DatasetExtractor } from '@hindcast/domain';
import type { Config } from '../settings.ts';

/** Half of the cores at most: whoever waits for an answer comes first. */
const threads = Math.max(1, Math.floor(availableParallelism() / 2));

/** What is put aside while a set is cut. */
export const workFolder = (folder: string): string => join(folder, 'dataset-work');

/** Works in a folder beside the data, where a process that was stopped goes on. */
export const datasetExtractorIn = (
  folder: string,
  { datasetMemoryBytes }: Pick<Config, 'datasetMemoryBytes'>,
): DatasetExtractor =>
  createDuckdbExtractor({
    folder: workFolder(folder),
    sha256: nodeIdentity.sha256,
    memoryBytesMax: datasetMemoryBytes,
    threads,
  });
