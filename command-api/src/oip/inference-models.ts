import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { modelNameSchema, problem } from '@hindcast/adapters/http';
import { parseModelReference, type TensorSpec } from '@hindcast/domain';
import { type TSchema, Type } from '@sinclair/typebox';
import type { CommandContext } from '../command-ports.ts';
import { resolveModel, versionFor } from '../resolve-model.ts';
import { codeOf } from './datatype-codes.ts';
import { notReadyNote } from './inference-error.ts';

export interface VersionParams {
  readonly model: string;
  readonly version?: string;
}

const model = modelNameSchema;
const version = Type.String({ pattern: '^[1-9][0-9]{0,6}$', examples: ['1'] });

export const versionParams = (url: string) =>
  url.includes(':version') ? Type.Object({ model, version }) : Type.Object({ model });

/** `churn`, or `churn@7`. */
export const referenceOf = ({ model: name, version: wanted }: VersionParams): string => {
  if (!parseModelReference(`${name}@1`)) throw problem('unknown-model', 'No model has a name like this.');
  if (wanted === undefined) return name;
  const reference = `${name}@${wanted}`;
  if (parseModelReference(reference)) return reference;
  throw problem('unknown-model-version', 'Versions are the numbers from 1 on.');
};

const tensorSchema = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer({ description: '-1 where any size goes' })),
});
const metadataSchema = Type.Object(
  {
    name: Type.String(),
    versions: Type.Array(Type.String()),
    platform: Type.String(),
    inputs: Type.Array(tensorSchema),
    outputs: Type.Array(tensorSchema),
  },
  { description: 'The tensors of the model' },
);
const readySchema = Type.Object({ name: Type.String(), ready: Type.Boolean() }, { description: 'It takes requests' });

const tensorOf = ({ name, datatype, shape }: TensorSpec) => ({
  name,
  datatype: codeOf[datatype],
  shape: shape.map((size) => size ?? -1),
});

type Errors = (...statuses: readonly number[]) => Readonly<Record<number, TSchema>>;

export const inferenceModelRoutes =
  (context: CommandContext, tags: readonly string[], errors: Errors): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const [url, suffix] of [
      ['/models/:model', ''],
      ['/models/:model/versions/:version', 'Version'],
    ] as const) {
      const response = errors(400, 404, 410, 500, 503);
      const params = versionParams(url);
      app.get(
        url,
        {
          schema: {
            operationId: `getInferenceModel${suffix}`,
            summary: 'Tensors of a model',
            tags,
            params,
            response: { 200: metadataSchema, ...response },
          },
        },
        async (request) => {
          const resolved = await resolveModel(context, referenceOf(request.params));
          const { signature } = versionFor(resolved, '').version;
          const active = resolved.state.versions.filter(({ state }) => state === 'active');
          return {
            name: resolved.name,
            versions: active.map((one) => String(one.version)),
            platform: 'onnxruntime_onnx',
            inputs: signature.inputs.map(tensorOf),
            outputs: signature.outputs.map(tensorOf),
          };
        },
      );
      app.get(
        `${url}/ready`,
        {
          schema: {
            operationId: `getInferenceModel${suffix}Readiness`,
            summary: 'Whether a model takes requests',
            description: notReadyNote,
            tags,
            params,
            response: { 200: readySchema, ...errors(400, 404, 410, 500) },
          },
        },
        async (request) => {
          const resolved = await resolveModel(context, referenceOf(request.params));
          if (resolved.state.paused) throw problem('not-ready', `${resolved.name} is paused.`);
          versionFor(resolved, '');
          return { name: resolved.name, ready: true };
        },
      );
    }
  };
