import { describe, expect, it } from 'vitest';
import type { AuditCrypto, SigningKey } from '../audit/audit-crypto.ts';

const bytes = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');

/** RFC 8032, section 7.1, tests 1 and 2: public key, message, signature. */
const published = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    'r',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
] as const;

/** What every adapter of `AuditCrypto`, with the keys that go with it, has to hold. */
export const auditCryptoContract = (name: string, crypto: AuditCrypto, makeKey: () => SigningKey): void => {
  describe(`${name}: the contract of audit crypto`, () => {
    it('hashes bytes as FIPS 180-4 says, into a text of 32 characters', () => {
      const abc = Uint8Array.from([0x61, 0x62, 0x63]);
      const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      expect(crypto.sha256(abc)).toBe(bytes(expected));
      const within = Uint8Array.from([0, 0x61, 0x62, 0x63, 0]).subarray(1, 4);
      expect(crypto.sha256(within)).toBe(bytes(expected));
      expect(crypto.sha256(new Uint8Array(0))).toHaveLength(32);
    });

    it('takes the published signatures, and none that were changed', () => {
      for (const [key, text, signature] of published) {
        expect(crypto.verify(bytes(key), text, bytes(signature))).toBe(true);
        expect(crypto.verify(bytes(key), `${text}.`, bytes(signature))).toBe(false);
        expect(crypto.verify(bytes(key), text, bytes(signature.replace(/^./, '0')))).toBe(false);
      }
    });

    it('takes no signature that is none, and does not throw', () => {
      const { publicKey, sign } = makeKey();
      for (const [key, signature] of [
        ['', sign('x')],
        [publicKey, ''],
        [publicKey.slice(1), sign('x')],
        [publicKey, sign('x').slice(1)],
        ['\u00ff'.repeat(32), sign('x')],
      ] as const) {
        expect(crypto.verify(key, 'x', signature)).toBe(false);
      }
    });

    it('signs texts as UTF-8, for its own key alone', () => {
      const [mine, other] = [makeKey(), makeKey()];
      const text = 'Zürich — 𝄞\n';
      expect(mine.publicKey).toHaveLength(32);
      expect(mine.sign(text)).toHaveLength(64);
      expect(crypto.verify(mine.publicKey, text, mine.sign(text))).toBe(true);
      expect(crypto.verify(other.publicKey, text, mine.sign(text))).toBe(false);
    });
  });
};
