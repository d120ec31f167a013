import { createPublicKey, hash, verify } from 'node:crypto';
import type { AuditCrypto, ByteText } from '@hindcast/domain';

/** What comes before the 32 bytes of an Ed25519 key in its DER form (RFC 8410). */
const publicKeyHead = Buffer.from('302a300506032b6570032100', 'hex');

export const publicKeyOfBytes = (bytes: ByteText) =>
  createPublicKey({ key: Buffer.concat([publicKeyHead, Buffer.from(bytes, 'latin1')]), format: 'der', type: 'spki' });

const isSigned: AuditCrypto['verify'] = (publicKey, text, signature) => {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, Buffer.from(text), publicKeyOfBytes(publicKey), Buffer.from(signature, 'latin1'));
  } catch {
    return false;
  }
};

/** The answer as a text costs a third of what a buffer costs: hashing is called twice for every record. */
export const nodeAuditCrypto: AuditCrypto = {
  sha256: (data) => hash('sha256', data, 'binary'),
  verify: isSigned,
};
