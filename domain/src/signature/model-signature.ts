import { type Static, Type } from '@sinclair/typebox';

/** Element types of the ONNX tensors that Hindcast reads and writes. */
export const DATATYPES = [
  'float32',
  'float64',
  'float16',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'string',
] as const;
export type Datatype = (typeof DATATYPES)[number];
const datatype = Type.Union(
  DATATYPES.map((name) => Type.Literal(name)),
  { description: 'Type of its elements' },
);
const shapeOf = (description: string) =>
  Type.Array(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]), { description });

/** A tensor as the file declares it. A dimension is a size, or null where any size goes. */
export const tensorSpecSchema = Type.Object({
  name: Type.String({ description: 'As the file has it' }),
  datatype,
  shape: shapeOf('Sizes; null where any size goes'),
});
export type TensorSpec = Static<typeof tensorSpecSchema>;

/**
 * One named value of a row. `shape` is what remains without the batch dimension: [] is a scalar. In a model with a
 * single matrix as its input a feature is one `column` of that input; else it is a whole input.
 */
export const featureSchema = Type.Object({
  name: Type.String({ description: 'As inputs name it' }),
  input: Type.String({ description: 'The input tensor it becomes (a part of)' }),
  datatype,
  shape: shapeOf('Sizes without the batch dimension; [] is a scalar, null any size'),
  column: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Of that tensor, where it is one column of a matrix' }),
  ),
  default: Type.Optional(
    Type.Union([Type.Number(), Type.String(), Type.Boolean()], {
      description: 'Taken for null and where it is left out',
    }),
  ),
  missing: Type.Union([Type.Literal('nan'), Type.Literal('default'), Type.Literal('refuse')], {
    description: 'What null becomes. A name may be left out only where there is a default',
  }),
});
export type Feature = Static<typeof featureSchema>;

/** How rows become tensors and tensors become answers. Derived from the file, its metadata and a sidecar. */
export const modelSignatureSchema = Type.Object(
  {
    batched: Type.Boolean({ description: 'false: a prediction is one whole tensor set' }),
    inputs: Type.Array(tensorSpecSchema, { description: 'Tensors that the model takes' }),
    outputs: Type.Array(tensorSpecSchema, { description: 'Tensors that it gives' }),
    features: Type.Array(featureSchema, { description: 'Named values of a row, in their order' }),
    classes: Type.Optional(Type.Array(Type.String(), { description: 'In the order of the probability columns' })),
    threshold: Type.Optional(Type.Number({ description: "Decision threshold on the last class's probability" })),
    replayable: Type.Boolean({ description: 'false: the graph has random operators' }),
  },
  { description: 'How rows become tensors, and tensors become answers' },
);
export type ModelSignature = Static<typeof modelSignatureSchema>;
