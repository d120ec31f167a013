import type { IncomingHttpHeaders } from 'node:http';
import { parseStrictJson, problem } from '@hindcast/adapters/http';
import { modelSettingsSchema } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';

const { deadlineMs, timeoutMs, batchMax } = modelSettingsSchema.properties;
const runTimeoutMsMax = 600_000;
const batchRowsMax = 4_096;

export const registrationQuery = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 4_096 })),
    pool: Type.Optional(
      Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$', description: 'Which workers run it', examples: ['default'] }),
    ),
    deadlineMs: Type.Optional(Type.Integer({ ...deadlineMs, maximum: 604_800_000 })),
    timeoutMs: Type.Optional(Type.Integer({ ...timeoutMs, maximum: runTimeoutMsMax })),
    batchMax: Type.Optional(Type.Integer({ ...batchMax, maximum: batchRowsMax })),
    metadata: Type.Optional(
      Type.String({ description: 'JSON object: feature names, classes, threshold. Or the header Hindcast-Metadata' }),
    ),
  },
  { additionalProperties: false },
);
export type RegistrationQuery = Static<typeof registrationQuery>;

/**
 * The sidecar of a model: JSON in `?metadata=`, or the same in base64 (either alphabet) in the header
 * `Hindcast-Metadata`, which a shell makes with `base64 -w0 sidecar.json`.
 */
export const sidecarOf = (
  { metadata }: RegistrationQuery,
  headers: IncomingHttpHeaders,
): Readonly<Record<string, unknown>> | undefined => {
  const header = headers['hindcast-metadata'];
  if (metadata === undefined && header === undefined) return undefined;
  const place = metadata === undefined ? 'Hindcast-Metadata' : 'metadata';
  const refuse = (detail: string) =>
    problem('invalid-parameter', `${place}: ${detail}`, { errors: [{ pointer: place, detail }] });
  if (metadata !== undefined && header !== undefined) throw refuse('Give the metadata once.');
  let value: unknown;
  try {
    value = parseStrictJson(Buffer.from(metadata ?? String(header), metadata === undefined ? 'base64' : 'utf8'));
  } catch {
    throw refuse('Must be a JSON object.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('Must be a JSON object.');
  return value as Readonly<Record<string, unknown>>;
};
