import { nodeIdentity } from '@hindcast/adapters/node';
import { backtestKind, type DataRef, emptyBacktest, type JobDoc } from '@hindcast/domain';
import { createMemoryArtifactStore } from '@hindcast/domain/in-memory';
import { expect, it } from 'vitest';
import { findBacktest } from './backtest-reading.ts';

const artifacts = createMemoryArtifactStore(nodeIdentity);
async function* bytesOf(value: object) {
  yield new TextEncoder().encode(JSON.stringify(value));
}
const running = (state: DataRef) =>
  ({ state: { status: 'running', request: { kind: backtestKind }, checkpoint: { state } } }) as unknown as JobDoc;
const gone = { sha256: '0'.repeat(64), bytes: 1 };

it('a state that a newer one has followed while it was looked for is not missed', async () => {
  const newer = await artifacts.put(bytesOf({ ...emptyBacktest(), compared: 7 }), 10_000);
  const docs = [running(gone), running(gone), running(newer)];
  const jobs = { get: () => (docs.length > 1 ? docs.shift() : docs[0]), catchUp: async () => {} };
  expect((await findBacktest({ jobs: jobs as never, artifacts }, 'j-1')).state?.compared).toBe(7);
});

it('a state that the log names and the store does not have is told of', async () => {
  const jobs = { get: () => running(gone), catchUp: async () => {} };
  const found = findBacktest({ jobs: jobs as never, artifacts }, 'j-1');
  await expect(found).rejects.toMatchObject({ code: 'store-unavailable' });
});
