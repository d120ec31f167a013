import {
  findVersion,
  type ModelState,
  type ModelVersion,
  modelSettingsSchema,
  modelSignatureSchema,
  modelWarningSchema,
  routingSchema,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { failureBody } from './prediction-body.ts';

const example = Type.Unknown({ description: 'An input that is accepted as it stands' });
const curl = Type.String({ description: 'A request with that input, for a shell' });

/** A version, wherever it is shown. */
export const modelVersionSchema = Type.Object({
  name: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  state: Type.Union([Type.Literal('active'), Type.Literal('retired'), Type.Literal('quarantined')]),
  sha256: Type.String({ description: 'Digest of the file' }),
  bytes: Type.Integer(),
  description: Type.Optional(Type.String()),
  registeredAt: Type.String({ format: 'date-time' }),
  signature: modelSignatureSchema,
  settings: modelSettingsSchema,
  example,
  curl,
  opset: Type.Record(Type.String(), Type.Integer()),
  irVersion: Type.Integer(),
  warnings: Type.Optional(Type.Array(modelWarningSchema, { description: 'What the trial at its registration found' })),
  error: Type.Optional(
    Type.Object({ type: Type.String(), title: Type.String(), code: Type.String(), detail: Type.String() }),
  ),
  links: Type.Object({ self: Type.String(), model: Type.String() }),
});

/** A model, wherever it is shown. */
export const modelSchema = Type.Object({
  name: Type.String(),
  revision: Type.Integer({ minimum: 1, description: 'Counts the changes of the model; its ETag' }),
  paused: Type.Boolean(),
  routing: Type.Optional(routingSchema),
  versions: Type.Array(modelVersionSchema),
  example,
  curl,
  links: Type.Object({ self: Type.String(), routing: Type.String() }),
});

/** As one word for a POSIX shell, whatever is in it. */
const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const curlOf = (origin: string, model: string, input: unknown): string =>
  `curl -s ${shellWord(`${origin}/v1/predictions`)} -H 'content-type: application/json' -H 'prefer: wait=5' ` +
  `-d ${shellWord(JSON.stringify({ model, input }))}`;

const modelPath = (name: string): string => `/v1/models/${name}`;
export const modelVersionPath = (name: string, version: number): string => `${modelPath(name)}/versions/${version}`;

export const modelVersionBody = (
  origin: string,
  name: string,
  { registeredAt, error, warnings, ...version }: ModelVersion,
) => ({
  name,
  ...version,
  ...(warnings === undefined ? undefined : { warnings: [...warnings] }),
  registeredAt: new Date(registeredAt).toISOString(),
  ...(error === undefined ? undefined : { error: failureBody(error) }),
  curl: curlOf(origin, `${name}@${version.version}`, version.example),
  links: { self: modelVersionPath(name, version.version), model: modelPath(name) },
});

/** The example of a model is that of its champion. */
export const modelBody = (origin: string, name: string, state: ModelState) => {
  const champion = findVersion(state, state.routing?.champion ?? 1);
  return {
    name,
    revision: state.revision,
    paused: state.paused,
    ...(state.routing === undefined ? undefined : { routing: state.routing }),
    versions: state.versions.map((version) => modelVersionBody(origin, name, version)),
    example: champion?.example,
    curl: curlOf(origin, name, champion?.example),
    links: { self: modelPath(name), routing: `${modelPath(name)}/routing` },
  };
};

/** The revision of a model, as If-Match takes it. */
export const modelEtagOf = ({ revision }: ModelState): string => `"${revision}"`;
