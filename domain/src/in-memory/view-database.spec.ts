import { viewDatabaseContract } from '../contracts/view-database-contract.ts';
import { createMemoryViews } from './view-database.ts';

viewDatabaseContract('in memory', async () => ({ views: createMemoryViews({ now: () => 1_000 }) }));
