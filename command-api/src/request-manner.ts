import type { IncomingHttpHeaders } from 'node:http';
import { problem } from '@hindcast/adapters/http';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const duration = /^([0-9]{1,9})(ms|s|m|h|d)?$/;
export const durationPattern = duration.source;

/** Milliseconds of `Cancel-After`: an integer with `ms`, `s`, `m`, `h` or `d`; seconds without a unit. */
export const cancelAfterMsOf = (headers: IncomingHttpHeaders, msMax: number): number | undefined => {
  const given = headers['cancel-after'];
  if (given === undefined) return undefined;
  const match = duration.exec(String(given).trim());
  const ms = match ? Number(match[1]) * (unitMs[match[2] ?? 's'] ?? 0) : 0;
  if (ms >= 1 && ms <= msMax) return ms;
  const detail = `Must be a duration from 1ms to ${msMax / 3_600_000}h, such as 500ms, 30s, 1m or 2h.`;
  throw problem('invalid-parameter', `Cancel-After: ${detail}`, { errors: [{ pointer: 'Cancel-After', detail }] });
};

const bareKey = /^[\x21\x23-\x7e]{1,255}$/;
const quotedKey = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,510})"$/;

/**
 * The Idempotency-Key: a quoted string as the IETF draft wants it, or the bare characters that most clients send. Both
 * spellings of one key are the same key.
 * @throws Problem `invalid-idempotency-key`
 */
export const idempotencyKeyOf = (headers: IncomingHttpHeaders): string | undefined => {
  const given = headers['idempotency-key'];
  if (given === undefined) return undefined;
  const text = String(given).trim();
  const quoted = quotedKey.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = quoted ?? (bareKey.test(text) && !text.includes(', ') ? text : undefined);
  if (key !== undefined && key.length <= 255) return key;
  throw problem(
    'invalid-idempotency-key',
    'The Idempotency-Key must have 1 to 255 printable ASCII characters, quoted or bare.',
  );
};
