import { createHash, hash, randomFillSync } from 'node:crypto';
import type { Identity } from '@hindcast/domain';
import { V7Generator } from 'uuidv7';

/** Namespace of the ids that idempotency keys stand for. Frozen: another one would give old keys new ids. */
const namespace = Buffer.from('b1f5f9d06a3c4c0e9f0e3a6de1c7a5d2', 'hex');

/**
 * UUID version 5, a name-based id.
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5
 */
const uuidv5 = (name: string): string => {
  const digest = createHash('sha1').update(namespace).update(name, 'utf8').digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Random numbers are asked for in bulk: a call takes about as long as the ids of one prediction. */
const randomPool = new Uint32Array(1_024);
let randomUsed = randomPool.length;

const nextUint32 = (): number => {
  if (randomUsed === randomPool.length) {
    randomFillSync(randomPool);
    randomUsed = 0;
  }
  return randomPool[randomUsed++] as number;
};

const ids = new V7Generator({ nextUint32 });

/** Time, ids and digests of a real process. */
export const nodeIdentity: Identity = {
  now: Date.now,
  newId: () => ids.generate().toString(),
  idFromText: uuidv5,
  sha256: (data) => hash('sha256', data, 'hex'),
};
