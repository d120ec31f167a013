const M = 0x5bd1e995;
const R = 24;
const encoder = new TextEncoder();
/** Longer keys are rare: they are encoded into a buffer of their own. */
const scratch = new Uint8Array(1_024);

/** UTF-8 of the text in the scratch buffer, or a larger one. Plain ASCII, which keys are, takes no encoder. */
const utf8 = (text: string): { readonly bytes: Uint8Array; readonly length: number } => {
  if (text.length > scratch.length) return encoded(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return encoded(text);
    scratch[i] = unit;
  }
  return { bytes: scratch, length: text.length };
};

const encoded = (text: string): { readonly bytes: Uint8Array; readonly length: number } => {
  const bytes = encoder.encode(text);
  return { bytes, length: bytes.length };
};

/**
 * murmur2 of the UTF-8 bytes, as Kafka's Java client and kafkajs compute it: a key lands on the same partition whatever
 * adapter holds the log.
 * @see https://github.com/apache/kafka/blob/4.1.1/clients/src/main/java/org/apache/kafka/common/utils/Utils.java (murmur2)
 * @returns a signed 32-bit integer
 */
export const murmur2 = (text: string): number => {
  const { bytes, length } = utf8(text);
  let h = 0x9747b28c ^ length;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    const at = i << 2;
    let k = byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const tail = words << 2;
  const rest = length & 3;
  if (rest === 3) h ^= byte(bytes, tail + 2) << 16;
  if (rest >= 2) h ^= byte(bytes, tail + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ byte(bytes, tail), M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
};

const byte = (bytes: Uint8Array, at: number): number => bytes[at] as number;

/** The partition of a key: Kafka's default partitioner. */
export const partitionOf = (key: string, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions;
