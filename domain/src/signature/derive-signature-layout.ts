import type { ModelFile, ModelRefusal, ValueInfo } from '../ports.ts';
import type { Feature, TensorSpec } from './model-signature.ts';
import { isFloat } from './tensor-data.ts';

/** The tensors of a file, and the features that rows of it have, before metadata names them. */
export interface ModelLayout {
  readonly batched: boolean;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly features: readonly Feature[];
}
export type LayoutResult =
  | { readonly ok: true; readonly layout: ModelLayout }
  | { readonly ok: false; readonly refusal: ModelRefusal };

/** A matrix of more columns is one feature with a shape: its columns are data, not things with names. */
export const columnFeaturesMax = 1_024;
export const tensorsMax = 1_024;
export const rankMax = 16;

const zipMapFix =
  'Convert the model again without ZipMap: convert_sklearn(…, options={"zipmap": False}) gives a matrix instead.';

/**
 * A first dimension that is open, or 1, is the batch dimension, if every input has one and no output that is declared
 * contradicts. A fixed 1 makes rows too, but only one of them fits into a run.
 */
export const layoutOf = (file: ModelFile): LayoutResult => {
  const refusal = unfit(file);
  if (refusal) return { ok: false, refusal };
  const inputs = file.inputs.map(specOf);
  const outputs = file.outputs.map(specOf);
  const batched = inputs.every(leadsWithBatch) && outputs.every(leadsWithBatch);
  return { ok: true, layout: { batched, inputs, outputs, features: featuresOf(inputs, batched) } };
};

const specOf = ({ name, datatype, shape }: ValueInfo): TensorSpec => ({
  name,
  datatype: datatype as TensorSpec['datatype'],
  // An output whose rank the file does not tell is taken to have rows; the first run shows whether that is true.
  shape: shape ? shape.map((size) => (typeof size === 'number' ? size : null)) : [null],
});

const leadsWithBatch = ({ shape }: TensorSpec): boolean => shape[0] === null || shape[0] === 1;

const featuresOf = (inputs: readonly TensorSpec[], batched: boolean): Feature[] => {
  const only = inputs.length === 1 ? inputs[0] : undefined;
  const columns = only?.shape[1];
  if (
    batched &&
    only?.shape.length === 2 &&
    typeof columns === 'number' &&
    columns > 1 &&
    columns <= columnFeaturesMax
  ) {
    return Array.from({ length: columns }, (_, column) => ({ ...featureOf(only, []), name: `f${column}`, column }));
  }
  return inputs.map((input) => featureOf(input, batched ? withoutBatch(input.shape) : input.shape));
};

/** [N, 1] is a column of numbers, like [N]. */
const withoutBatch = (shape: TensorSpec['shape']): TensorSpec['shape'] =>
  shape.length === 2 && shape[1] === 1 ? [] : shape.slice(1);

const featureOf = ({ name, datatype }: TensorSpec, shape: TensorSpec['shape']): Feature => ({
  name,
  input: name,
  datatype,
  shape,
  missing: isFloat(datatype) ? 'nan' : 'refuse',
});

const unfit = ({ inputs, outputs }: ModelFile): ModelRefusal | undefined => {
  if (inputs.length === 0)
    return { code: 'no_inputs', detail: 'The graph has no inputs: there is nothing to predict from.' };
  if (outputs.length === 0) return { code: 'no_outputs', detail: 'The graph has no outputs: it would answer nothing.' };
  if (inputs.length + outputs.length > tensorsMax) {
    return { code: 'too_many_tensors', detail: `The graph has more than ${tensorsMax} inputs and outputs.` };
  }
  for (const value of [...inputs, ...outputs]) {
    if (value.name === '__proto__' || value.name === '') {
      return { code: 'unsupported_name', detail: `"${value.name}" cannot be the name of an input or output.` };
    }
    if ((value.shape?.length ?? 0) > rankMax) {
      return { code: 'unsupported_shape', detail: `${value.name} has more than ${rankMax} dimensions.` };
    }
  }
  for (const input of inputs) {
    if (input.kind !== 'tensor' || !input.datatype) {
      return { code: 'unsupported_input', detail: `The input ${input.name} is no tensor of a known type.` };
    }
    if (!input.shape) {
      return {
        code: 'unsupported_shape',
        detail: `The input ${input.name} has no declared shape: export it with one.`,
      };
    }
  }
  for (const output of outputs) {
    if (output.kind === 'sequence' || output.kind === 'map') {
      return { code: 'zipmap_output', detail: `The output ${output.name} is a ${output.kind}. ${zipMapFix}` };
    }
    if (output.kind !== 'tensor' || !output.datatype) {
      return { code: 'unsupported_output', detail: `The output ${output.name} is no tensor of a known type.` };
    }
  }
  return undefined;
};
