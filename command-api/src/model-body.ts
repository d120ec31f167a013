import { failureBody } from '@hindcast/adapters/http';
import {
  type ModelState,
  type ModelVersion,
  modelSettingsSchema,
  modelSignatureSchema,
  routingSchema,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

/** A version, as the answer to its registration or retirement. */
export const modelVersionSchema = Type.Object({
  name: Type.String({ examples: ['churn'] }),
  version: Type.Integer({ minimum: 1 }),
  state: Type.Union([Type.Literal('active'), Type.Literal('retired'), Type.Literal('quarantined')]),
  sha256: Type.String({ description: 'Digest of the model file' }),
  bytes: Type.Integer(),
  description: Type.Optional(Type.String()),
  signature: modelSignatureSchema,
  settings: modelSettingsSchema,
  example: Type.Unknown({ description: 'An input that is accepted as it stands' }),
  opset: Type.Record(Type.String(), Type.Integer()),
  irVersion: Type.Integer(),
  registeredAt: Type.String({ format: 'date-time' }),
  error: Type.Optional(
    Type.Object({ type: Type.String(), title: Type.String(), code: Type.String(), detail: Type.String() }),
  ),
  links: Type.Object({ self: Type.String(), model: Type.String() }),
});

/** A model without its versions, as the answer to a change. */
export const modelChangeSchema = Type.Object({
  name: Type.String({ examples: ['churn'] }),
  revision: Type.Integer({ description: 'Counts the changes; the ETag says the same' }),
  paused: Type.Boolean({ description: 'Work is held, not refused' }),
  routing: Type.Optional(routingSchema),
  links: Type.Object({ self: Type.String() }),
});

const modelPath = (name: string): string => `/v1/models/${name}`;
export const modelVersionPath = (name: string, version: number): string => `${modelPath(name)}/versions/${version}`;

/** The revision of a model, as If-Match takes it. */
export const modelEtagOf = ({ revision }: ModelState): string => `"${revision}"`;

export const modelVersionBody = (name: string, { registeredAt, error, ...version }: ModelVersion) => ({
  name,
  ...version,
  registeredAt: new Date(registeredAt).toISOString(),
  ...(error === undefined ? undefined : { error: failureBody(error) }),
  links: { self: modelVersionPath(name, version.version), model: modelPath(name) },
});

export const modelChangeBody = (name: string, { revision, paused, routing }: ModelState) => ({
  name,
  revision,
  paused,
  ...(routing === undefined ? undefined : { routing }),
  links: { self: modelPath(name) },
});
