import type { ModelVersion } from '../evolve-model.ts';
import type { KnownModels } from '../model-catalog.ts';
import type { PredictionRequested } from '../prediction-events.ts';

/** What a version says of the rows it ran, and no event of theirs does. A version never changes, so neither do rules. */
export interface VersionRules {
  readonly version: number;
  /** Of its decision. */
  readonly threshold?: number;
  /** In the order of lists. None where its only feature is a tensor: a list is that itself. */
  readonly features: readonly string[];
  /** Features that are filled in where an input does not have them. */
  readonly defaults: readonly string[];
}

export const rulesOfVersion = ({ version, signature }: Pick<ModelVersion, 'version' | 'signature'>): VersionRules => {
  const { features, threshold } = signature;
  const [first, ...more] = features;
  const isTensor = more.length === 0 && first !== undefined && first.shape.length > 0;
  return {
    version,
    ...(threshold !== undefined && { threshold }),
    features: isTensor ? [] : features.map(({ name }) => name),
    defaults: features.flatMap(({ name, missing }) => (missing === 'default' ? [name] : [])),
  };
};

export const versionRulesOf = (models: Pick<KnownModels, 'get'>, tenant: string, model: string): VersionRules[] =>
  (models.get(tenant, model)?.versions ?? []).map(rulesOfVersion);

const isObject = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

/**
 * An input under the names of its features, however it was sent: a list in their order, or the bare value of the only one, says
 * the same as an object. As it is where no version of ours ran it, which alone knows what stands where.
 */
export const namedInput = (
  { version, role, input }: Pick<PredictionRequested['data'], 'version' | 'role' | 'input'>,
  rules: readonly VersionRules[],
): unknown => {
  if (input === undefined || isObject(input) || role === 'imported') return input;
  const features = rules.find((one) => one.version === version)?.features ?? [];
  const values: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (features.length === 0 || features.length !== values.length) return input;
  return Object.fromEntries(features.map((name, place) => [name, values[place]]));
};

export const withNamedInput = (event: PredictionRequested, rules: readonly VersionRules[]): PredictionRequested => {
  const input = namedInput(event.data, rules);
  return input === event.data.input ? event : { ...event, data: { ...event.data, input } };
};

/** Whether a default stands in for the feature of a named input. */
export const isDefaulted = (input: unknown, name: string): boolean => {
  if (!isObject(input)) return (input ?? null) === null;
  return !Object.hasOwn(input, name) || (input[name] ?? null) === null;
};
