import type { Sha256 } from '../ports.ts';

const blockBytes = 64;

/**
 * The two blocks that a key becomes. HMAC-SHA256 is sha256(outer ‖ sha256(inner ‖ text)).
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
export const hmacBlocks = (key: string, sha256: Sha256): { readonly inner: Uint8Array; readonly outer: Uint8Array } => {
  const utf8 = new TextEncoder().encode(key);
  const short = utf8.length > blockBytes ? bytesOfHex(sha256(utf8)) : utf8;
  const block = (pad: number) => Uint8Array.from({ length: blockBytes }, (_, at) => (short[at] ?? 0) ^ pad);
  return { inner: block(0x36), outer: block(0x5c) };
};

/** Lower-case hex. */
export const hmacOf = (key: string, text: string, sha256: Sha256): string => {
  const { inner, outer } = hmacBlocks(key, sha256);
  const digest = sha256(joined(inner, new TextEncoder().encode(text)));
  return sha256(joined(outer, bytesOfHex(digest)));
};

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

const bytesOfHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
