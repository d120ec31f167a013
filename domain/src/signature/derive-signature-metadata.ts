import type { ModelRefusal } from '../ports.ts';

/** What the file's `hindcast.*` metadata, or a sidecar of the same keys without the prefix, says of the model. */
export interface ModelMetadata {
  readonly features?: readonly string[];
  readonly classes?: readonly string[];
  readonly threshold?: number;
  readonly defaults?: Readonly<Record<string, number | string | boolean>>;
  readonly missing?: Missing | Readonly<Record<string, Missing>>;
  readonly example?: unknown;
  readonly description?: string;
}
type Missing = 'nan' | 'refuse';

export type MetadataResult =
  | { readonly ok: true; readonly metadata: ModelMetadata }
  | { readonly ok: false; readonly refusal: ModelRefusal };

export const metadataPrefix = 'hindcast.';
/** Characters of one metadata value. */
export const metadataCharsMax = 262_144;
export const descriptionCharsMax = 4_096;
const namesMax = 10_000;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 256 && value !== '__proto__';
const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= namesMax && value.every(isName) && isDistinct(value);
/** Whether these can be the names of classes. */
export const areClasses = (names: unknown): names is readonly string[] =>
  isNames(names) && (names as unknown[]).length > 1;
const isDistinct = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
const isRecordOf = (value: unknown, holds: (value: unknown) => boolean): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(holds);
const isMissing = (value: unknown): boolean => value === 'nan' || value === 'refuse';
const isScalar = (value: unknown): boolean => ['number', 'string', 'boolean'].includes(typeof value);

const rules: Readonly<Record<keyof ModelMetadata, { expected: string; holds(value: unknown): boolean }>> = {
  features: { expected: 'an array of distinct names, one per feature', holds: isNames },
  classes: {
    expected: 'an array of two or more distinct names, in the order of the probability columns',
    holds: areClasses,
  },
  threshold: {
    expected: 'a number from 0 to 1',
    holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  defaults: {
    expected: 'an object of feature names and numbers, strings or booleans',
    holds: (value) => isRecordOf(value, isScalar),
  },
  missing: {
    expected: '"refuse", "nan", or an object of feature names and one of these',
    holds: (value) => isMissing(value) || isRecordOf(value, isMissing),
  },
  example: { expected: 'an input of the model', holds: (value) => value !== undefined },
  description: {
    expected: `a text of at most ${descriptionCharsMax} characters`,
    holds: (value) => typeof value === 'string' && value.length <= descriptionCharsMax,
  },
};
const keys = Object.keys(rules) as (keyof ModelMetadata)[];
/** These are words, which people also write without the quotes that JSON wants. */
const plainTextKeys: readonly string[] = ['description', 'missing'];

/** Reads and checks both sources; the sidecar wins, key by key, and in `defaults` and `missing` feature by feature. */
export const readModelMetadata = (
  fromFile: Readonly<Record<string, string>>,
  sidecar: Readonly<Record<string, unknown>> = {},
): MetadataResult => {
  const found: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(fromFile)) {
    if (!name.startsWith(metadataPrefix)) continue;
    const key = name.slice(metadataPrefix.length);
    if (text.length > metadataCharsMax) return refused(name, `at most ${metadataCharsMax} characters`);
    const parsed = parse(key, text);
    if (!parsed.ok) return refused(name, `JSON text: ${rules[key as keyof ModelMetadata]?.expected ?? 'a known key'}`);
    found[key] = parsed.value;
  }
  const kept = byFeature.map((key) => [key, withoutStated(found[key], sidecar)] as const);
  for (const [key, value] of Object.entries(sidecar)) found[key] = value;
  for (const [key, ofFile] of kept) {
    if (ofFile && isMap(found[key])) found[key] = { ...ofFile, ...(sidecar[key] ?? {}) };
  }
  for (const [key, value] of Object.entries(found)) {
    const shown = Object.hasOwn(sidecar, key) ? key : metadataPrefix + key;
    if (!Object.hasOwn(rules, key)) return refused(shown, `one of ${keys.join(', ')}`);
    const rule = rules[key as keyof ModelMetadata];
    if (!rule.holds(value)) return refused(shown, rule.expected);
  }
  return { ok: true, metadata: found as ModelMetadata };
};

const byFeature = ['defaults', 'missing'] as const;
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => isRecordOf(value, () => true);

/** What the file says of those features of which the sidecar says nothing, neither a default nor what is missing. */
const withoutStated = (ofFile: unknown, sidecar: Readonly<Record<string, unknown>>) => {
  if (!isMap(ofFile)) return undefined;
  const stated = new Set(byFeature.flatMap((key) => (isMap(sidecar[key]) ? Object.keys(sidecar[key]) : [])));
  return Object.fromEntries(Object.entries(ofFile).filter(([name]) => !stated.has(name)));
};

const parse = (key: string, text: string): { ok: true; value: unknown } | { ok: false } => {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return plainTextKeys.includes(key) ? { ok: true, value: text } : { ok: false };
  }
};

export const refuseMetadata = (key: string, expected: string): ModelRefusal => ({
  code: 'metadata_invalid',
  detail: `The metadata ${key} does not fit: expected ${expected}.`,
});

const refused = (key: string, expected: string): MetadataResult => ({
  ok: false,
  refusal: refuseMetadata(key, expected),
});
