import type { ModelSignature, TensorSpec } from '@hindcast/domain';
import { codeOf, writeBinary } from './datatype-codes.ts';
import { badInference } from './inference-error.ts';
import { type InferenceRequest, parameterOf } from './inference-request.ts';

export type OutputRow = Readonly<Record<string, unknown>>;

/** The outputs that a request wants, and how it wants each. Without a list: all of them. */
export const wantedOutputs = (
  { outputs }: ModelSignature,
  json: InferenceRequest,
): readonly { readonly spec: TensorSpec; readonly binary: boolean }[] => {
  const usual = flag(json, 'binary_data_output') ?? false;
  if (!json.outputs || json.outputs.length === 0) return outputs.map((spec) => ({ spec, binary: usual }));
  return json.outputs.map((wanted) => {
    const { name } = wanted;
    const spec = outputs.find((output) => output.name === name);
    if (!spec)
      throw badInference(`the model has no output '${name}'; it has ${outputs.map((one) => one.name).join(', ')}`);
    if (parameterOf(wanted, 'classification') !== undefined) {
      throw badInference('the classification extension is not supported');
    }
    return { spec, binary: flag(wanted, 'binary_data') ?? usual };
  });
};

const flag = (given: Parameters<typeof parameterOf>[0], name: string): boolean | undefined => {
  const value = parameterOf(given, name);
  return typeof value === 'boolean' ? value : undefined;
};

export interface WrittenOutput {
  readonly tensor: {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly data?: readonly unknown[];
    readonly parameters?: { readonly binary_data_size: number };
  };
  readonly bytes: Buffer | undefined;
}

/** One output of all rows, as the tensor that it was before it was told by row. */
export const writeOutput = (
  { batched, classes = [] }: ModelSignature,
  spec: TensorSpec,
  binary: boolean,
  rows: readonly OutputRow[],
): WrittenOutput => {
  const values: unknown[] = [];
  let inner: readonly number[] = [];
  for (const row of rows) {
    const value = inOrder(row[spec.name], classes);
    inner = sizesOf(
      value,
      (batched ? spec.shape.slice(1) : spec.shape).map(() => 1),
    );
    if (Array.isArray(value)) for (const one of value.flat(Number.POSITIVE_INFINITY)) values.push(one);
    else values.push(value);
  }
  const shape = batched ? [rows.length, ...inner] : inner;
  const head = { name: spec.name, datatype: codeOf[spec.datatype], shape };
  if (!binary) return { tensor: { ...head, data: values }, bytes: undefined };
  const bytes = writeBinary(spec.datatype, values);
  return { tensor: { ...head, parameters: { binary_data_size: bytes.length } }, bytes };
};

/** Probabilities by class go back into the order of the classes. */
const inOrder = (value: unknown, classes: readonly string[]): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? classes.map((name) => (value as OutputRow)[name])
    : value;

const sizesOf = (value: unknown, scalar: readonly number[]): readonly number[] => {
  if (!Array.isArray(value)) return scalar;
  const sizes: number[] = [];
  for (let at: unknown = value; Array.isArray(at); at = at[0]) sizes.push(at.length);
  return sizes;
};
