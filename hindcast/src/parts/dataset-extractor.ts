import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createDuckdbExtractor } from '@hindcast/adapters/duckdb';
import { nodeIdentity } from '@hindcast/adapters/node';
import type { DatasetExtractor } from '@hindcast/domain';
import type { Config } from '../settings.ts';

/** Half of the cores where others wait for an answer: they come first. */
const sharedThreads = Math.max(1, Math.floor(availableParallelism() / 2));
export const allThreads = availableParallelism();

/** What is put aside while a set is cut. */
export const workFolder = (folder: string): string => join(folder, 'dataset-work');

/** Works in a folder beside the data, where a process that was stopped goes on. */
export const datasetExtractorIn = (
  folder: string,
  { datasetMemoryBytes }: Pick<Config, 'datasetMemoryBytes'>,
  threads = sharedThreads,
): DatasetExtractor =>
  createDuckdbExtractor({
    folder: workFolder(folder),
    sha256: nodeIdentity.sha256,
    memoryBytesMax: datasetMemoryBytes,
    threads,
  });
