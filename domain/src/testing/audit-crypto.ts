import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto';
import type { AuditCrypto, SigningKey } from '../audit/audit-crypto.ts';

const privateHead = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicHead = Buffer.from('302a300506032b6570032100', 'hex');

export const auditCrypto: AuditCrypto = {
  sha256: (data) => hash('sha256', data, 'binary'),
  verify: (publicKey, text, signature) => {
    const key = Buffer.concat([publicHead, Buffer.from(publicKey, 'latin1')]);
    const signer = createPublicKey({ key, format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text), signer, Buffer.from(signature, 'latin1'));
  },
};

/** The key of a seed of 32 bytes (RFC 8032). */
export const keyOfSeed = (seed: Uint8Array): SigningKey => {
  const key = createPrivateKey({ key: Buffer.concat([privateHead, seed]), format: 'der', type: 'pkcs8' });
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: der.subarray(-32).toString('latin1'),
    sign: (text) => sign(null, Buffer.from(text), key).toString('latin1'),
  };
};

export const aSigningKey = (seed = 7): SigningKey => keyOfSeed(new Uint8Array(32).fill(seed));
