import { createHash } from 'node:crypto';
import { datasetExtractorContract } from '../contracts/dataset-extractor-contract.ts';
import { createMemoryDatasetExtractor } from './dataset-extractor.ts';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

datasetExtractorContract('in memory', async () => ({
  extractor: createMemoryDatasetExtractor({ sha256 }),
  runs: 100,
  stop: async () => {},
}));
