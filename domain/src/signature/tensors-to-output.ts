import type { Tensor, TensorData } from '../ports.ts';
import type { ModelSignature } from './model-signature.ts';
import { elementCount, isFloat } from './tensor-data.ts';
import { type ElementReader, elementReader } from './tensors-to-output-element.ts';

/** `rows[i]` answers input i: an object by output name. Refused where the tensors do not fit the rows. */
export type RowOutputs =
  | { readonly ok: true; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly ok: false; readonly detail: string };

/** The key of the answer that a threshold adds. */
export const decisionKey = 'decision';

/**
 * The outputs of one run as one JSON-safe answer per row: scalars for [] and [1], else nested arrays. With `classes`, a
 * float output of that width becomes an object of class and probability; with a threshold beside them `decision` says
 * whether the last class reaches it.
 */
export const rowOutputs = (signature: ModelSignature, outputs: readonly Tensor[], rowCount: number): RowOutputs => {
  const rows = Array.from({ length: rowCount }, (): Record<string, unknown> => ({}));
  const { classes, threshold, batched } = signature;
  for (const output of outputs) {
    const misfit = misfitOf(output, rowCount, batched);
    if (misfit !== undefined) return { ok: false, detail: misfit };
    const inner = batched ? output.shape.slice(1) : output.shape;
    const read = elementReader(output.datatype);
    const width = inner[0] ?? 1;
    if (inner.length === 0 || (inner.length === 1 && width === 1 && classes?.length !== 1)) {
      for (let row = 0; row < rowCount; row++)
        (rows[row] as Record<string, unknown>)[output.name] = read(output.data, row);
    } else if (classes && holdsProbabilities(signature, output, inner)) {
      const positive = rowCount > 0 && threshold !== undefined && !(decisionKey in (rows[0] as object));
      for (let row = 0; row < rowCount; row++) {
        const start = row * width;
        const answer = rows[row] as Record<string, unknown>;
        answer[output.name] = byClass(classes, read, output.data, start);
        if (positive) answer[decisionKey] = Number(read(output.data, start + width - 1)) >= threshold;
      }
    } else {
      const stride = elementCount(inner);
      // The sizes around an empty dimension hold nothing, but a hostile model could make them cost memory.
      if (stride === 0) for (const answer of rows) answer[output.name] = [];
      else {
        for (let row = 0; row < rowCount; row++) {
          (rows[row] as Record<string, unknown>)[output.name] = nested(read, output.data, row * stride, inner, 0);
        }
      }
    }
  }
  return { ok: true, rows };
};

const misfitOf = ({ name, shape, data }: Tensor, rowCount: number, batched: boolean): string | undefined => {
  if (batched && shape[0] !== rowCount) {
    return `output ${name} has shape [${shape.join(', ')}]: its first dimension must be the number of rows, ${rowCount}`;
  }
  if (elementCount(shape) !== data.length) {
    return `output ${name} has ${data.length} elements, which do not fit its shape [${shape.join(', ')}]`;
  }
  return undefined;
};

/** Without a batch dimension the output is [1, classes] or [classes]; neither has rows to speak of. */
const holdsProbabilities = (
  { batched, classes }: ModelSignature,
  { datatype }: Tensor,
  inner: readonly number[],
): boolean => batched && isFloat(datatype) && inner.length === 1 && inner[0] === classes?.length;

const byClass = (classes: readonly string[], read: ElementReader, data: TensorData, start: number): object => {
  const probabilities: Record<string, unknown> = {};
  for (let i = 0; i < classes.length; i++) probabilities[classes[i] as string] = read(data, start + i);
  return probabilities;
};

const nested = (
  read: ElementReader,
  data: TensorData,
  start: number,
  shape: readonly number[],
  level: number,
): unknown[] => {
  const size = shape[level] as number;
  const values = new Array<unknown>(size);
  if (level === shape.length - 1) {
    for (let i = 0; i < size; i++) values[i] = read(data, start + i);
    return values;
  }
  const stride = elementCount(shape.slice(level + 1));
  for (let i = 0; i < size; i++) values[i] = nested(read, data, start + i * stride, shape, level + 1);
  return values;
};
