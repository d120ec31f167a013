import { resultCacheContract } from '../contracts/result-cache-contract.ts';
import { createMemoryResultCache } from './result-cache.ts';

resultCacheContract('in memory', async (limits) => ({ cache: createMemoryResultCache(limits) }));
