import { failureBody } from '@hindcast/adapters/http';
import {
  findVersion,
  type ModelDoc,
  type ModelVersion,
  modelSettingsSchema,
  modelSignatureSchema,
  routingSchema,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

const example = Type.Unknown({ description: 'An input that is accepted as it stands' });
const curl = Type.String({ description: 'A request with that input, for a shell' });

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
  error: Type.Optional(
    Type.Object({ type: Type.String(), title: Type.String(), code: Type.String(), detail: Type.String() }),
  ),
  links: Type.Object({ self: Type.String(), model: Type.String() }),
});

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

const pathOf = (name: string): string => `/v1/models/${encodeURIComponent(name)}`;

export const modelVersionBody = (origin: string, name: string, { registeredAt, error, ...version }: ModelVersion) => ({
  name,
  ...version,
  registeredAt: new Date(registeredAt).toISOString(),
  ...(error === undefined ? undefined : { error: failureBody(error) }),
  curl: curlOf(origin, `${name}@${version.version}`, version.example),
  links: { self: `${pathOf(name)}/versions/${version.version}`, model: pathOf(name) },
});

/** The example of a model is that of its champion. */
export const modelBody = (origin: string, { name, state }: ModelDoc) => {
  const champion = findVersion(state, state.routing?.champion ?? 1);
  return {
    name,
    revision: state.revision,
    paused: state.paused,
    ...(state.routing === undefined ? undefined : { routing: state.routing }),
    versions: state.versions.map((version) => modelVersionBody(origin, name, version)),
    example: champion?.example,
    curl: curlOf(origin, name, champion?.example),
    links: { self: pathOf(name), routing: `${pathOf(name)}/routing` },
  };
};

export const modelEtag = ({ state }: ModelDoc): string => `"${state.revision}"`;
