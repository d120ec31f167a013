import type { Feature, ModelSignature } from './model-signature.ts';

/** How an input carries the features: by name, by position, or as the value itself of the only feature. */
export type InputForm = 'named' | 'positional' | 'bare';

/** Which form a given input has, and where each feature's value lies in it. */
export interface InputLayout {
  formOf(input: unknown): InputForm;
  /** The value of a feature; undefined where the input does not have it. */
  valueIn(input: unknown, form: InputForm, index: number): unknown;
}

const isNamed = (input: unknown): boolean => typeof input === 'object' && input !== null && !Array.isArray(input);

/** Nesting of arrays along the first elements, counted up to `limit`. */
const depthOf = (value: unknown, limit: number): number => {
  let depth = 0;
  for (let at = value; Array.isArray(at) && depth < limit; at = at[0]) depth += 1;
  return depth;
};

/**
 * A model with one feature also takes the bare value. An array of one element that is nested one level deeper than the
 * feature is a row with one position; everything else is the value itself.
 */
export const inputLayout = ({ features }: ModelSignature): InputLayout => {
  const only = features.length === 1 ? features[0] : undefined;
  const inherited = features.map(({ name }) => name in Object.prototype);
  return {
    formOf(input) {
      if (isNamed(input)) return 'named';
      if (!only) return 'positional';
      return isPositional(input, only) ? 'positional' : 'bare';
    },
    valueIn(input, form, index) {
      if (form === 'bare') return input;
      if (form === 'positional') return (input as readonly unknown[])[index];
      const name = (features[index] as Feature).name;
      if (inherited[index] && !Object.hasOwn(input as object, name)) return undefined;
      return (input as Readonly<Record<string, unknown>>)[name];
    },
  };
};

const isPositional = (input: unknown, only: Feature): boolean =>
  Array.isArray(input) &&
  (only.shape.length === 0 || (input.length === 1 && depthOf(input, only.shape.length + 1) > only.shape.length));
