/// <reference lib="es2024.string" />
import { notFiniteTexts } from '@hindcast/domain';
import { jsonEnd, number, plainText } from './json-text.ts';

/** Values with other members, or members of other kinds, have no form: DuckDB is asked what they look like. */
const formsMax = 16;
/** Longer values are seldom of one form, and their patterns are long too. */
const exampleUnitsMax = 4_096;
/** So many more misses than hits, and the values are of too many forms to look for them. */
const missesMax = 1_000;

export interface JsonForms {
  /** Where JSON that begins at `at` ends, if it is JSON; -1 where it does not end in one line. */
  end(value: string, at: number): number;
  /** Of the value that ended last: the place of its form in `examples`. It is JSON then. Empty where it has none. */
  last(): number | '';
  /** A value of each form. */
  readonly examples: readonly string[];
}

/**
 * Values of a model mostly have the same members of the same kinds. Each form that was seen is a pattern, and one value of it
 * says as much of columns as all of them: those are not parsed to learn which members there are. `earlier` are forms that lines name already.
 */
export const createJsonForms = (earlier: readonly string[] = []): JsonForms => {
  const examples: string[] = [];
  /** The latest first. */
  const known: { readonly form: number; readonly pattern: RegExp }[] = [];
  let misses = 0;
  let last: number | '' = '';

  const find = (value: string, at: number): number => {
    for (const [place, one] of known.entries()) {
      const { pattern, form } = one;
      pattern.lastIndex = at;
      if (!pattern.test(value)) continue;
      if (place > 0) known.unshift(...known.splice(place, 1));
      last = form;
      return pattern.lastIndex;
    }
    last = '';
    return -1;
  };
  const learn = (example: string): void => {
    if (known.length >= formsMax || example.length > exampleUnitsMax) return;
    const pattern = patternOf(example);
    if (pattern === undefined) return;
    last = examples.push(example) - 1;
    known.unshift({ form: last, pattern: new RegExp(pattern, 'y') });
  };
  for (const example of earlier) learn(example);
  return {
    end(value, at) {
      if (misses > missesMax) return jsonEnd(value, at);
      const found = find(value, at);
      misses = Math.max(0, misses + (found < 0 ? 1 : -1));
      if (found >= 0) return found;
      const end = jsonEnd(value, at);
      if (end >= 0) learn(value.slice(at, end));
      if (misses > missesMax) last = '';
      return end;
    },
    last: () => last,
    examples,
  };
};

const token = new RegExp(`"${plainText}*"(:)?|${number}|true|false|null|[{}[\\],]`, 'y');

/** undefined where it has texts with escapes, names that are there twice, spaces, or is no JSON. */
const patternOf = (example: string): string | undefined => {
  if (!example.isWellFormed() || !isJson(example)) return undefined;
  let pattern = '';
  let names = 0;
  token.lastIndex = 0;
  for (let at = 0; at < example.length; at = token.lastIndex) {
    const [found, colon] = token.exec(example) ?? [];
    if (found === undefined) return undefined;
    if (colon !== undefined) names += 1;
    pattern += colon === undefined ? kindOf(found) : literal(found);
  }
  return names === namesIn(JSON.parse(example)) ? pattern : undefined;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
/** Columns of outputs tell them from other texts. */
const notFinite = `"(?:${notFiniteTexts.join('|')})"`;
const isNotFinite = new RegExp(`^${notFinite}$`);
const kindOf = (found: string): string => {
  if (found.startsWith('"')) return isNotFinite.test(found) ? notFinite : `(?!${notFinite})"${plainText}*"`;
  if (found === 'true' || found === 'false') return '(?:true|false)';
  return /^[-\d]/.test(found) ? number : literal(found);
};

const namesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce(
        (sum: number, one) => sum + namesIn(one),
        Array.isArray(value) ? 0 : Object.keys(value).length,
      )
    : 0;
