import { isUtf8 } from 'node:buffer';
import { roundedInteger } from '@hindcast/domain';
import { jsonFaultAt } from './json-fault-at.ts';
import { problem } from './problem.ts';

export const jsonDepthMax = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const malformed = (detail: string) => problem('malformed-request', detail);

/**
 * JSON.parse for bytes from strangers. Refuses with `malformed-request`: invalid UTF-8, nesting over `jsonDepthMax`,
 * duplicate member names (JSON.parse would keep the last one in silence), `__proto__` and `constructor.prototype`,
 * numbers that overflow, and halves of surrogate pairs (they could not be stored as they were sent). With `exactIntegers`
 * also integers that would be rounded, for bodies whose numbers no signature of a model checks.
 */
export const parseStrictJson = (
  bytes: Buffer,
  { exactIntegers = false }: { readonly exactIntegers?: boolean | undefined } = {},
): unknown => {
  if (bytes.length === 0) throw malformed('The body is empty; a JSON value was expected.');
  if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8.');
  const { members, escapes } = scan(bytes);
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(`The body is not well-formed JSON: ${faultOf(text)}`);
  }
  if (countMembers(value, escapes) !== members)
    throw malformed('An object in the body has the same member name twice.');
  const rounded = exactIntegers ? roundedInteger(text) : undefined;
  if (rounded !== undefined)
    throw malformed(`The integer ${rounded} would lose digits: no double holds it. Send it as a text.`);
  return value;
};

const foundCharsMax = 16;

const faultOf = (text: string): string => {
  const at = jsonFaultAt(text);
  let [line, begin] = [1, 0];
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', begin)) {
    line += 1;
    begin = next + 1;
  }
  const place = `line ${line}, column ${at - begin + 1}`;
  if (at === text.length) return `it ends too early, at ${place}.`;
  const found = text.slice(at, at + foundCharsMax);
  const hint = /^-?(?:NaN|Inf)/.test(found) ? ' JSON has no such number: send null.' : '';
  return `${JSON.stringify(found)} does not belong at ${place}.${hint}`;
};

/** One pass before anything is built: bounds the depth, and counts the colons outside strings, one for each member. */
const scan = (bytes: Buffer): { members: number; escapes: boolean } => {
  let depth = 0;
  let members = 0;
  let escapes = false;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === QUOTE) inString = false;
      else if (byte === BACKSLASH) {
        escapes = true;
        at++;
      }
    } else if (byte === QUOTE) inString = true;
    else if (byte === COLON) members++;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > jsonDepthMax) throw malformed(`The body is nested deeper than ${jsonDepthMax} levels.`);
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
  return { members, escapes };
};

const countMembers = (value: unknown, escapes: boolean): number => {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw malformed('A number in the body is out of the range of a double.');
    return 0;
  }
  if (typeof value === 'string') {
    if (escapes) refuseHalfPairs(value);
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) members += countMembers(value[at], escapes);
    return members;
  }
  const object = value as Record<string, unknown>;
  for (const name in object) {
    const member = object[name];
    if (name === '__proto__') throw malformed('The member name __proto__ is not allowed.');
    if (name === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype')) {
      throw malformed('The member name constructor.prototype is not allowed.');
    }
    if (escapes) refuseHalfPairs(name);
    members += 1 + countMembers(member, escapes);
  }
  return members;
};

const halfPair = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

const refuseHalfPairs = (text: string): void => {
  if (halfPair.test(text)) throw malformed('A text in the body has half of a surrogate pair.');
};
