/**
 * Writes models of any size: `x` [n, columns] float, one hidden layer of `width`, `y` [n, 2] float. By hand, as the format is a
 * handful of fields of protocol buffers (onnx/onnx.proto) and a bench should not need Python.
 */
const columns = 16;

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
};
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, content: Buffer | string): Buffer => {
  const buffer = Buffer.from(content as string);
  return Buffer.concat([varint(field * 8 + 2), varint(buffer.length), buffer]);
};
const message = (field: number, ...parts: readonly Buffer[]): Buffer => bytes(field, Buffer.concat(parts));

const float = 1;
const irVersion = 8;
const opset = 17;

const node = (type: string, inputs: readonly string[], output: string): Buffer =>
  message(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, type));

/** Values between -0.05 and 0.05 that are the same in every run. */
const weights = (name: string, ...shape: readonly number[]): Buffer => {
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, at) => Math.sin(at * 12.9898) / 20,
  );
  return message(
    5,
    ...shape.map((size) => number(1, size)),
    number(2, float),
    bytes(8, name),
    bytes(9, Buffer.from(values.buffer)),
  );
};

const tensor = (field: number, name: string, size: number): Buffer => {
  const shape = message(2, message(1, bytes(2, 'n')), message(1, number(1, size)));
  return message(field, bytes(1, name), message(2, message(1, number(1, float), shape)));
};

/** A model of about 4 × `width`² bytes: two layers of `width`, which multiply `width`² numbers a row. */
export const denseModel = (width: number): Buffer =>
  Buffer.concat([
    number(1, irVersion),
    message(
      7,
      node('MatMul', ['x', 'first'], 'a'),
      node('Relu', ['a'], 'b'),
      node('MatMul', ['b', 'second'], 'c'),
      node('Relu', ['c'], 'd'),
      node('MatMul', ['d', 'third'], 'y'),
      bytes(2, 'dense'),
      weights('first', columns, width),
      weights('second', width, width),
      weights('third', width, 2),
      tensor(11, 'x', columns),
      tensor(12, 'y', 2),
    ),
    message(8, number(2, opset)),
  ]);

/** Rows for it. */
export const denseRows = Array.from({ length: 100 }, (_, row) =>
  Array.from({ length: columns }, (_, at) => Math.sin(row + at)),
);
