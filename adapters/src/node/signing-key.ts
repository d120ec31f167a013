import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SigningKey } from '@hindcast/domain';
import { syncFolder } from '../files/index.ts';

/** A text that is no key to sign with. Says nothing of what it holds. */
export class UnusableSigningKey extends Error {
  readonly code = 'unusable_signing_key';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnusableSigningKey';
  }
}

const publicKeyBytes = 32;
/** Its owner alone may read it. */
const keyFileMode = 0o600;

const signingKeyOf = (key: KeyObject): SigningKey => {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: der.subarray(-publicKeyBytes).toString('latin1'),
    sign: (text) => sign(null, Buffer.from(text), key).toString('latin1'),
  };
};

/**
 * A private Ed25519 key in PEM form, as `openssl genpkey -algorithm ed25519` writes it. `\n` may stand for the ends of its
 * lines, as in files of variables.
 * @throws UnusableSigningKey
 */
export const signingKeyOfPem = (pem: string): SigningKey => {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem.replaceAll('\\n', '\n'));
  } catch (cause) {
    throw new UnusableSigningKey('The audit key is no private key in PEM form.', { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new UnusableSigningKey('The audit key is not an Ed25519 key.');
  return signingKeyOf(key);
};

/** A key that is gone with this process. */
export const makeSigningKey = (): SigningKey => signingKeyOf(generateKeyPairSync('ed25519').privateKey);

/** The key of the file, which is made, whole and durable, where it is not there. */
export const openSigningKey = async (path: string): Promise<SigningKey> => {
  const kept = await readFile(path, 'utf8').catch(unlessMissing);
  if (kept !== undefined) return signingKeyOfPem(kept);
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', keyFileMode);
  try {
    await file.writeFile(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await file.sync();
  } finally {
    await file.close();
  }
  // Of two processes that make one at the same time the first link counts.
  await link(draft, path).catch(unlessThere);
  await unlink(draft);
  await syncFolder(dirname(path));
  return signingKeyOfPem(await readFile(path, 'utf8'));
};

const unless = (code: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== code) throw error;
  return undefined;
};
const unlessMissing = unless('ENOENT');
const unlessThere = unless('EEXIST');
