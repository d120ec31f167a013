import type { Tensor, TensorData } from '../ports.ts';
import type { Feature, ModelSignature, TensorSpec } from './model-signature.ts';
import { type ElementWriter, elementWriter } from './rows-to-tensors-element.ts';
import { elementCount, newTensorData } from './tensor-data.ts';
import { type InputForm, type InputLayout, inputLayout } from './validate-input-layout.ts';

/** Turns valid inputs into the tensors of one run. */
export interface BatchEncoder {
  /** How many inputs one run can take: 1 where the model has no batch dimension, or one of fixed size 1. */
  readonly rowsMax: number;
  /** Inputs with equal keys fit into one run. "" where every input fits with every other. */
  shapeKey(input: unknown): string;
  /** Inputs must be valid, and their shape keys equal. Row i of each tensor is `inputs[i]`. */
  encode(inputs: readonly unknown[]): Tensor[];
}

const compiled = new WeakMap<ModelSignature, BatchEncoder>();

/** The encoder of a signature; compiled once per signature object. */
export const compileBatch = (signature: ModelSignature): BatchEncoder => {
  const known = compiled.get(signature);
  if (known) return known;
  const encoder = compile(signature);
  compiled.set(signature, encoder);
  return encoder;
};

/** How many rows one run of the model can take: 1, or as many as the caller likes. */
export const rowsPerRunMax = ({ batched, inputs }: ModelSignature): number =>
  batched && inputs.every((input) => input.shape[0] === null) ? Number.MAX_SAFE_INTEGER : 1;

/** A feature, where it is found in an input and where it goes in its tensor. */
interface Placed {
  readonly feature: Feature;
  readonly index: number;
  readonly write: ElementWriter;
}

const compile = (signature: ModelSignature): BatchEncoder => {
  const layout = inputLayout(signature);
  const placed = signature.features.map((feature, index) => ({
    feature,
    index,
    write: elementWriter(feature.datatype),
  }));
  const plans = signature.inputs.map((spec) => {
    const own = placed.filter(({ feature }) => feature.input === spec.name);
    return { spec, own };
  });
  const open = placed.filter(({ feature }) => feature.shape.includes(null));

  return {
    rowsMax: rowsPerRunMax(signature),
    shapeKey(input) {
      if (open.length === 0) return '';
      const form = layout.formOf(input);
      return open.map(({ feature, index }) => sizesOf(feature, layout.valueIn(input, form, index)).join('x')).join(';');
    },
    encode(inputs) {
      const forms = inputs.map((input) => layout.formOf(input));
      return plans.map(({ spec, own }) => encodeInput(signature, layout, spec, own, inputs, forms));
    },
  };
};

const encodeInput = (
  { batched }: ModelSignature,
  layout: InputLayout,
  spec: TensorSpec,
  own: readonly Placed[],
  inputs: readonly unknown[],
  forms: readonly InputForm[],
): Tensor => {
  const count = inputs.length;
  const first = own[0] as Placed;
  const columns = first.feature.column !== undefined;
  const inner = columns
    ? [own.length]
    : first.feature.shape.length > 0
      ? sizesOf(first.feature, layout.valueIn(inputs[0], forms[0] as InputForm, first.index))
      : spec.shape.slice(batched ? 1 : 0).map(() => 1);
  const stride = elementCount(inner);
  const data = newTensorData(spec.datatype, count * stride);
  for (const { feature, index, write } of own) {
    const offset = feature.column ?? 0;
    const scalar = feature.shape.length === 0;
    for (let row = 0; row < count; row++) {
      const value = layout.valueIn(inputs[row], forms[row] as InputForm, index) ?? fallback(feature);
      if (scalar) write(data, row * stride + offset, value);
      else writeNested(data, row * stride, value, feature.shape.length, write);
    }
  }
  return { name: spec.name, datatype: spec.datatype, shape: batched ? [count, ...inner] : inner, data };
};

const fallback = (feature: Feature): unknown => (feature.missing === 'default' ? feature.default : undefined);

/** Sizes of a nested array along its first elements. Behind an empty one they are 0. */
const sizesOf = ({ shape }: Feature, value: unknown): number[] => {
  let at = value;
  return shape.map((size) => {
    const length = Array.isArray(at) ? at.length : (size ?? 0);
    at = Array.isArray(at) ? at[0] : undefined;
    return length;
  });
};

/** Answers the place behind the last written element. */
const writeNested = (data: TensorData, start: number, value: unknown, rank: number, write: ElementWriter): number => {
  const parts = value as readonly unknown[];
  let at = start;
  for (const part of parts) {
    if (rank > 1) at = writeNested(data, at, part, rank - 1, write);
    else write(data, at++, part);
  }
  return at;
};
