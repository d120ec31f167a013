import type { Tensor, TensorData } from '../ports.ts';
import { floatTolerance } from './float-tolerance.ts';
import type { Datatype } from './model-signature.ts';
import { elementCount, float16Value, isFloat } from './tensor-data.ts';

/**
 * Compares what rows were answered alone with what they were answered together: `alone[i]` are the outputs of a run of
 * row i, `together` those of one run of all, which fit that many rows. Answers where they differ, in words; undefined
 * where no answer depends on who else is in the run.
 */
export const rowDependence = (
  alone: readonly (readonly Tensor[])[],
  together: readonly Tensor[],
): string | undefined => {
  for (const [at, batch] of together.entries()) {
    for (const [row, outputs] of alone.entries()) {
      const part = outputs[at];
      const difference = part ? differenceOf(part, batch, row) : 'is missing alone but not';
      if (difference !== undefined) {
        return `Output ${batch.name} of one row ${difference} in a run of ${alone.length} rows.`;
      }
    }
  }
  return undefined;
};

type Element = number | bigint | string | undefined;

const differenceOf = (part: Tensor, batch: Tensor, row: number): string | undefined => {
  const inner = batch.shape.slice(1);
  const shape = part.shape.slice(1);
  if (part.name !== batch.name || part.datatype !== batch.datatype || inner.join() !== shape.join()) {
    return `is ${part.datatype} [${shape.join(', ')}] alone and ${batch.datatype} [${inner.join(', ')}]`;
  }
  const stride = elementCount(inner);
  const allowed = isFloat(part.datatype) ? allowedDifference(part, stride) : 0;
  for (let i = 0; i < stride; i++) {
    const one = elementOf(part.datatype, part.data, i);
    const other = elementOf(batch.datatype, batch.data, row * stride + i);
    if (!areAlike(one, other, allowed)) return `is ${one} alone and ${other}`;
  }
  return undefined;
};

const areAlike = (one: Element, other: Element, allowed: number): boolean =>
  Object.is(one, other) || (typeof one === 'number' && typeof other === 'number' && Math.abs(one - other) <= allowed);

const allowedDifference = ({ datatype, data }: Tensor, stride: number): number => {
  let largest = 0;
  for (let i = 0; i < stride; i++) {
    const size = Math.abs(Number(elementOf(datatype, data, i)));
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  return floatTolerance(datatype, largest);
};

const elementOf = (datatype: Datatype, data: TensorData, at: number): Element => {
  const element = data[at];
  return datatype === 'float16' ? float16Value(Number(element)) : element;
};
