import { bodyFault, parseStrictJson } from '@hindcast/adapters/http';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { badInference } from './inference-error.ts';

const name = Type.String({ minLength: 1, maxLength: 256 });
/** Some clients write null for what they leave out. */
const optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const parameters = optional(Type.Object({}, { additionalProperties: true }));
const tensorsMax = 1_024;
const rankMax = 32;

const sample = (name: string, datatype: string, value: unknown) => ({ name, shape: [1, 1], datatype, data: [value] });
/** Of the sample model, so that the example works as it stands on a fresh server. */
const sampleInputs = [
  sample('tenure_months', 'FP32', 30),
  sample('monthly_charges', 'FP32', 53.91),
  sample('support_calls', 'FP32', 2),
  sample('late_payments', 'FP32', 0),
  sample('usage_hours', 'FP32', 20.1),
  sample('plan', 'BYTES', 'plus'),
  sample('region', 'BYTES', 'west'),
];

/** The JSON part of an inference request. */
export const inferenceRequestSchema = Type.Object(
  {
    id: optional(Type.String({ maxLength: 256, description: 'Echoed, and kept as referenceId' })),
    parameters,
    inputs: Type.Array(
      Type.Object({
        name,
        shape: Type.Array(Type.Integer({ minimum: 0, maximum: 2 ** 31 }), { maxItems: rankMax }),
        datatype: Type.String({ maxLength: 16 }),
        parameters,
        data: optional(Type.Array(Type.Unknown(), { description: 'Flat or nested, row-major' })),
      }),
      { minItems: 1, maxItems: tensorsMax },
    ),
    outputs: optional(Type.Array(Type.Object({ name, parameters }), { maxItems: tensorsMax })),
  },
  {
    examples: [{ inputs: sampleInputs }],
  },
);
const schemaFault = bodyFault(inferenceRequestSchema);

export type InferenceRequest = Static<typeof inferenceRequestSchema>;
/** A parameter of a request, an input or an output; undefined where it is not given. */
export const parameterOf = (
  { parameters }: { readonly parameters?: object | null | undefined },
  name: string,
): unknown => (parameters as Readonly<Record<string, unknown>> | null | undefined)?.[name];

export interface ReadRequest {
  readonly json: InferenceRequest;
  /** What follows the JSON part: the binary tensors, one behind the other. */
  readonly binary: Buffer;
}

/** Splits the body at `Inference-Header-Content-Length`, where that is given, and checks the JSON part. */
export const readInferenceRequest = (body: unknown, headerLength: string | undefined): ReadRequest => {
  if (!Buffer.isBuffer(body)) throw badInference('the request has no body');
  if (headerLength !== undefined && !/^\d{1,9}$/.test(headerLength)) {
    throw badInference('Inference-Header-Content-Length must be an integer');
  }
  const length = headerLength === undefined ? body.length : Number(headerLength);
  if (length > body.length) throw badInference('Inference-Header-Content-Length is larger than the body');
  const json = parseStrictJson(body.subarray(0, length));
  const wrong = schemaFault(json);
  if (wrong) throw wrong;
  return { json: json as InferenceRequest, binary: body.subarray(length) };
};
