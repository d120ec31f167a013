import type { AuditCrypto, ByteText } from './audit-crypto.ts';
import { createLeafEncoder, type LeafRecord } from './record-leaf.ts';

export const hashBytes = 32;

/**
 * Hashes of a Merkle tree as Certificate Transparency has them.
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
export interface TreeHash {
  /** Of the tree without leaves. */
  readonly empty: ByteText;
  /** SHA-256 of 0x00 and the bytes. */
  leaf(bytes: Uint8Array): ByteText;
  /** SHA-256 of 0x01 and both. */
  node(left: ByteText, right: ByteText): ByteText;
  /** The leaf of a record. */
  record(record: LeafRecord): ByteText;
}

export const createTreeHash = ({ sha256 }: Pick<AuditCrypto, 'sha256'>): TreeHash => {
  const encode = createLeafEncoder();
  const pair = new Uint8Array(1 + 2 * hashBytes);
  pair[0] = 0x01;
  return {
    empty: sha256(new Uint8Array(0)),
    leaf: (bytes) => {
      const prefixed = new Uint8Array(bytes.length + 1);
      prefixed.set(bytes, 1);
      return sha256(prefixed);
    },
    node: (left, right) => {
      for (let at = 0; at < hashBytes; at++) {
        pair[1 + at] = left.charCodeAt(at);
        pair[1 + hashBytes + at] = right.charCodeAt(at);
      }
      return sha256(pair);
    },
    record: (record) => sha256(encode(record)),
  };
};
