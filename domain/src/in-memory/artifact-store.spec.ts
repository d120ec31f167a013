import { createHash } from 'node:crypto';
import { artifactStoreContract } from '../contracts/artifact-store-contract.ts';
import { createMemoryArtifactStore } from './artifact-store.ts';

artifactStoreContract('memory', async () => ({
  store: createMemoryArtifactStore({ sha256: (data) => createHash('sha256').update(data).digest('hex') }),
}));
