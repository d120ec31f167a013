import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditCryptoContract } from '@hindcast/domain/contracts';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeAuditCrypto } from './audit-crypto.ts';
import { makeSigningKey, openSigningKey, signingKeyOfPem } from './signing-key.ts';

auditCryptoContract('Node', nodeAuditCrypto, makeSigningKey);

describe('the signing key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-key-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is made once, for its owner alone, and is the same ever after', async () => {
    const path = join(folder, 'audit-key.pem');
    const [first, second] = await Promise.all([openSigningKey(path), openSigningKey(path)]);
    expect((await openSigningKey(path)).publicKey).toBe(first.publicKey);
    expect(second.publicKey).toBe(first.publicKey);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    const escaped = readFileSync(path, 'utf8').replaceAll('\n', '\\n');
    expect(signingKeyOfPem(escaped).publicKey).toBe(first.publicKey);
  });

  it('is refused where it is something else, without a word of what it was', async () => {
    const path = join(folder, 'other.pem');
    writeFileSync(path, 'secret words');
    await expect(openSigningKey(path)).rejects.toMatchObject({ code: 'unusable_signing_key' });
    await expect(openSigningKey(path)).rejects.not.toThrow('secret');
    const rsa = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(() => signingKeyOfPem(String(rsa.export({ format: 'pem', type: 'pkcs8' })))).toThrow('not an Ed25519 key');
  });
});
