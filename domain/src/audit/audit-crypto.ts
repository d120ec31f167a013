/**
 * Bytes as a text with one character, of code 0 to 255, for each byte: cheap to compare, to keep and to hand to `btoa`,
 * and half of what typed arrays of 32 bytes cost.
 */
export type ByteText = string;

/** SHA-256 and Ed25519, which the domain has no code of its own for. */
export interface AuditCrypto {
  /** 32 bytes. */
  readonly sha256: (data: Uint8Array) => ByteText;
  /** Whether the 64 bytes are the signature of the text, as UTF-8, by the owner of the key of 32 bytes. Never throws. */
  readonly verify: (publicKey: ByteText, text: string, signature: ByteText) => boolean;
}

/** An Ed25519 key pair (RFC 8032). Its secret half never leaves it. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: ByteText;
  /** 64 bytes: the signature of the text as UTF-8. */
  readonly sign: (text: string) => ByteText;
}

const encoder = new TextEncoder();

/** Units that one call takes as arguments. */
const unitsPerCall = 8_192;

export const textOfBytes = (bytes: Uint8Array): ByteText => {
  let text = '';
  for (let at = 0; at < bytes.length; at += unitsPerCall) {
    text += String.fromCharCode(...bytes.subarray(at, at + unitsPerCall));
  }
  return text;
};

/** UTF-8 of a text, as bytes. */
export const utf8Bytes = (text: string): Uint8Array => encoder.encode(text);

export const toBase64 = (bytes: ByteText): string => btoa(bytes);

/** undefined where the text is not standard base64 with its padding, or not of `length` bytes. */
export const fromBase64 = (text: string, length?: number): ByteText | undefined => {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const bytes = atob(text);
  if (length !== undefined && bytes.length !== length) return undefined;
  return toBase64(bytes) === text ? bytes : undefined;
};
