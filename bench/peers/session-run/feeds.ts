import { type InferenceSession, Tensor } from 'onnxruntime-node';

/** A row as it is sent: values by the name of a column, or in the order of the columns. */
export type Row = Readonly<Record<string, unknown>> | readonly unknown[];

/** Every column of the sample models has this shape. */
const oneValue = [1, 1];

export const numberOf = (value: unknown): number => (value === null ? Number.NaN : Number(value));

/** Tensors of one row: one for each column that the graph takes by name, or the whole row as a matrix. */
export const feedsOf = (
  { inputNames, inputMetadata }: InferenceSession,
  row: Row,
): InferenceSession.OnnxValueMapType => {
  const [first = '', ...more] = inputNames;
  if (more.length === 0) {
    const values = Object.values(row);
    return { [first]: new Tensor('float32', Float32Array.from(values, numberOf), [1, values.length]) };
  }
  const values = row as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    inputNames.map((name, at) => {
      const input = inputMetadata[at];
      const isText = input?.isTensor === true && input.type === 'string';
      const tensor = isText
        ? new Tensor('string', [String(values[name])], oneValue)
        : new Tensor('float32', Float32Array.of(numberOf(values[name])), oneValue);
      return [name, tensor];
    }),
  );
};
