import { type AuditCrypto, type ByteText, fromBase64, type SigningKey, toBase64, utf8Bytes } from './audit-crypto.ts';

/** Signature type of Ed25519 in a note. */
const ed25519Type = '\u0001';
const keyIdBytes = 4;
const publicKeyBytes = 32;
const signatureBytes = 64;
const signaturesMax = 16;
/** More than any checkpoint of ours takes. */
const noteCharsMax = 65_536;
const lineStart = '\u2014 ';
const keyNamePattern = /^[^\s+\p{Cc}]+$/u;

/** Who may sign: the public half of a key, with a name. */
export interface NoteKey {
  readonly name: string;
  readonly publicKey: ByteText;
  /** As 8 hexadecimal digits. */
  readonly id: string;
}

const hexOf = (bytes: ByteText): string =>
  Array.from(bytes, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');

/**
 * @see https://github.com/C2SP/C2SP/blob/main/signed-note.md
 */
const keyIdOf = ({ sha256 }: Pick<AuditCrypto, 'sha256'>, name: string, publicKey: ByteText): ByteText => {
  const start = utf8Bytes(`${name}\n`);
  const rest = ed25519Type + publicKey;
  const bytes = new Uint8Array(start.length + rest.length);
  bytes.set(start);
  for (let at = 0; at < rest.length; at++) bytes[start.length + at] = rest.charCodeAt(at);
  return sha256(bytes).slice(0, keyIdBytes);
};

/** @throws RangeError where the name has a space or a plus, which would end it */
export const noteKeyOf = (crypto: Pick<AuditCrypto, 'sha256'>, name: string, publicKey: ByteText): NoteKey => {
  if (!keyNamePattern.test(name)) throw new RangeError(`"${name}" is no name of a key.`);
  return { name, publicKey, id: hexOf(keyIdOf(crypto, name, publicKey)) };
};

/** `name+id+base64`, the text form that Go's sumdb and the tools of transparency logs read. */
export const formatNoteKey = ({ name, id, publicKey }: NoteKey): string =>
  `${name}+${id}+${toBase64(ed25519Type + publicKey)}`;

/** undefined where the text is no Ed25519 key of this form, or its id is not that of the key. */
export const parseNoteKey = (crypto: Pick<AuditCrypto, 'sha256'>, text: string): NoteKey | undefined => {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim());
  const bytes = fromBase64(match?.[3] ?? '', 1 + publicKeyBytes);
  const name = match?.[1] ?? '';
  if (bytes?.[0] !== ed25519Type || !keyNamePattern.test(name)) return undefined;
  const key = noteKeyOf(crypto, name, bytes.slice(1));
  return key.id === match?.[2] ? key : undefined;
};

/** A text, which ends in a newline, with one signature. */
export const signNote = (crypto: Pick<AuditCrypto, 'sha256'>, key: NoteKey, sign: SigningKey['sign'], text: string) =>
  `${text}\n${lineStart}${key.name} ${toBase64(keyIdOf(crypto, key.name, key.publicKey) + sign(text))}\n`;

export interface OpenedNote {
  readonly text: string;
  /** `forged`: by the name and id of a known key, but not by the key. `unknown`: no known key signed. */
  readonly signature: 'valid' | 'forged' | 'unknown';
}

/** undefined where the text is no signed note. Signatures by others are passed over, as witnesses may add theirs. */
export const openNote = (crypto: AuditCrypto, keys: readonly NoteKey[], note: string): OpenedNote | undefined => {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || note.length > noteCharsMax || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > signaturesMax) return undefined;
  let signature: OpenedNote['signature'] = 'unknown';
  for (const line of lines) {
    const match = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line);
    const bytes = fromBase64(match?.[2] ?? '');
    if (!match || !bytes || bytes.length <= keyIdBytes) return undefined;
    const id = hexOf(bytes.slice(0, keyIdBytes));
    const key = keys.find((known) => known.name === match[1] && known.id === id);
    if (!key) continue;
    const signed = bytes.slice(keyIdBytes);
    const isValid = signed.length === signatureBytes && crypto.verify(key.publicKey, text, signed);
    if (!isValid) return { text, signature: 'forged' };
    signature = 'valid';
  }
  return { text, signature };
};
