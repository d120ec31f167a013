import { ArtifactDamaged } from '@hindcast/domain';
import { expect, it } from 'vitest';
import { readPayload } from './prediction-inputs.ts';

async function* damaged(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('1');
  throw new ArtifactDamaged('wanted', 'another');
}

it('a damaged payload is one that is missing: it may be put again', async () => {
  const read = await readPayload({ get: async () => damaged() }, { sha256: 'wanted', bytes: 2 });
  expect(read).toEqual({ ok: false, reason: 'missing', detail: expect.stringContaining('has damaged it') });
});
