import type { Feature, ModelSignature } from './model-signature.ts';

/** Elements of an example at most: it is stored in the event that registers the model. */
export const exampleElementsMax = 131_072;

/**
 * An input that is valid as it stands: the default where a feature has one, else 0, false or an empty string; open
 * dimensions get the size 1. null where the example would have more than `exampleElementsMax` elements.
 */
export const makeExample = ({ features }: ModelSignature): Readonly<Record<string, unknown>> | null => {
  const elements = features.reduce((sum, { shape }) => sum + shape.reduce<number>((n, size) => n * (size ?? 1), 1), 0);
  if (elements > exampleElementsMax) return null;
  return Object.fromEntries(features.map((feature) => [feature.name, exampleOf(feature, 0)]));
};

const exampleOf = (feature: Feature, level: number): unknown => {
  const size = feature.shape[level];
  if (size !== undefined) return Array.from({ length: size ?? 1 }, () => exampleOf(feature, level + 1));
  if (feature.default !== undefined) return feature.default;
  if (feature.datatype === 'string') return '';
  return feature.datatype === 'bool' ? false : 0;
};
