import { type Datatype, elementCount, type Feature, type ModelSignature } from '@hindcast/domain';
import { codeOf, readBinary } from './datatype-codes.ts';
import { badInference } from './inference-error.ts';
import { type InferenceRequest, parameterOf, type ReadRequest } from './inference-request.ts';

interface FlatTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly unknown[];
}

/**
 * The rows of a request, as inputs by feature name: tensors are taken apart here and stored as what they mean.
 * @throws Problem where tensors do not fit each other or the signature
 */
export const requestRows = (
  signature: ModelSignature,
  { json, binary }: ReadRequest,
  rowsMax: number,
): Readonly<Record<string, unknown>>[] => {
  const tensors = readTensors(signature, json, binary);
  const rowCount = signature.batched ? rowsOf([...tensors.values()]) : 1;
  if (rowCount < 1 || rowCount > rowsMax) throw badInference(`a request has 1 to ${rowsMax} rows, not ${rowCount}`);
  const rows = Array.from({ length: rowCount }, (): Record<string, unknown> => ({}));
  for (const feature of signature.features) {
    const tensor = tensors.get(feature.input);
    if (!tensor) throw badInference(`input '${feature.input}' is missing`);
    const columns = signature.features.filter(({ input }) => input === feature.input).length;
    const stride = tensor.values.length / rowCount;
    const inner = innerShape(feature, tensor, signature.batched, stride, columns);
    for (let row = 0; row < rowCount; row++) {
      const start = row * stride + (feature.column ?? 0);
      (rows[row] as Record<string, unknown>)[feature.name] =
        inner.length === 0 ? tensor.values[start] : nested(tensor.values, start, inner, 0);
    }
  }
  return rows;
};

const readTensors = (
  { inputs }: ModelSignature,
  json: InferenceRequest,
  binary: Buffer,
): ReadonlyMap<string, FlatTensor> => {
  const tensors = new Map<string, FlatTensor>();
  let at = 0;
  for (const input of json.inputs) {
    const { name, shape, datatype, data } = input;
    const spec = inputs.find((known) => known.name === name);
    if (!spec)
      throw badInference(`the model has no input '${name}'; it has ${inputs.map((one) => one.name).join(', ')}`);
    if (tensors.has(name)) throw badInference(`input '${name}' is given twice`);
    const expected = codeOf[spec.datatype];
    if (datatype !== expected)
      throw badInference(`input '${name}' has datatype ${datatype}, the model expects ${expected}`);
    const count = elementCount(shape);
    const size = parameterOf(input, 'binary_data_size');
    if (size === undefined) tensors.set(name, { name, shape, values: flatValues(name, spec.datatype, data, count) });
    else {
      if (data) throw badInference(`input '${name}' has both data and binary_data_size`);
      if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || at + size > binary.length) {
        throw badInference(`binary_data_size of input '${name}' does not fit the body`);
      }
      const values = readBinary(name, spec.datatype, count, binary.subarray(at, at + size));
      tensors.set(name, { name, shape, values });
      at += size;
    }
  }
  if (at !== binary.length) throw badInference(`${binary.length - at} bytes behind the tensors belong to none of them`);
  return tensors;
};

const flatValues = (name: string, datatype: Datatype, data: unknown[] | null | undefined, count: number): unknown[] => {
  if (!data) throw badInference(`input '${name}' has neither data nor binary_data_size`);
  const values = data.some(Array.isArray) ? data.flat(Number.POSITIVE_INFINITY) : data;
  if (values.length !== count) {
    throw badInference(`input '${name}' has ${values.length} elements, its shape needs ${count}`);
  }
  return datatype === 'bool' ? values.map((value) => (value === 1 ? true : value === 0 ? false : value)) : values;
};

const rowsOf = (tensors: readonly FlatTensor[]): number => {
  const counts = new Set(tensors.map(({ shape }) => shape[0] ?? 0));
  if (counts.size > 1) throw badInference('the inputs differ in their first dimension, the number of rows');
  return [...counts][0] ?? 0;
};

/** Shape of one feature in one row; [] for a scalar. */
const innerShape = (
  feature: Feature,
  { name, shape }: FlatTensor,
  batched: boolean,
  stride: number,
  columns: number,
): readonly number[] => {
  const inner = batched ? shape.slice(1) : shape;
  const scalars = feature.column === undefined ? 1 : columns;
  if (feature.shape.length === 0 || feature.column !== undefined) {
    if (stride !== scalars) throw badInference(`input '${name}' needs ${scalars} elements per row, not ${stride}`);
    return [];
  }
  const fits =
    inner.length === feature.shape.length && feature.shape.every((size, at) => size === null || size === inner[at]);
  if (fits) return inner;
  const expected = feature.shape.map((size) => size ?? -1).join(', ');
  throw badInference(`input '${name}' has rows of shape [${inner.join(', ')}], the model expects [${expected}]`);
};

const nested = (values: readonly unknown[], start: number, shape: readonly number[], level: number): unknown[] => {
  const size = shape[level] ?? 0;
  if (level === shape.length - 1) return values.slice(start, start + size);
  const stride = elementCount(shape.slice(level + 1));
  return Array.from({ length: size }, (_, at) => nested(values, start + at * stride, shape, level + 1));
};
