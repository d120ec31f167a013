import type { KnownModels } from '../model-catalog.ts';

/** What a version adds to the rows it ran, and no event of theirs says. A version never changes, so neither do rules. */
export interface VersionRules {
  readonly version: number;
  /** Of its decision. */
  readonly threshold?: number;
  /** Features that are filled in where an input does not have them, by name, and by place where it is a list. */
  readonly defaults: readonly { readonly name: string; readonly place: number }[];
}

export const versionRulesOf = (models: Pick<KnownModels, 'get'>, tenant: string, model: string): VersionRules[] =>
  (models.get(tenant, model)?.versions ?? []).map(({ version, signature: { features, threshold } }) => ({
    version,
    ...(threshold !== undefined && { threshold }),
    defaults: features.flatMap(({ name, missing }, place) => (missing === 'default' ? [{ name, place }] : [])),
  }));

/** Whether a default stands in for the feature, given the input as it was sent: an object, a list, or one bare value. */
export const isDefaulted = (input: unknown, name: string, place: number): boolean => {
  if (typeof input !== 'object' || input === null) return (input ?? null) === null;
  const at = Array.isArray(input) ? String(place) : name;
  return !Object.hasOwn(input, at) || ((input as Readonly<Record<string, unknown>>)[at] ?? null) === null;
};
