import { completionBusContract } from '../contracts/completion-bus-contract.ts';
import { createMemoryCompletionBus } from './completion-bus.ts';

completionBusContract('in memory', async () => ({ bus: createMemoryCompletionBus(), settled: async () => {} }));
