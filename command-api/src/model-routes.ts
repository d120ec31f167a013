import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  modelBody,
  modelEtagOf,
  modelNameSchema,
  modelSchema,
  modelVersionBody,
  modelVersionNumber,
  modelVersionSchema,
  originOf,
  problem,
  unknownModel,
  unknownModelVersion,
} from '@hindcast/adapters/http';
import { findVersion, type ModelState, type ModelVersion } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandContext } from './command-ports.ts';
import { appendModelEvent } from './model-commands.ts';
import { ifMatchRevision, moveRouting, routingRequestSchema } from './move-routing.ts';
import { catchUp } from './resolve-model.ts';

const sendModel = (request: FastifyRequest, reply: FastifyReply, name: string, state: ModelState) =>
  reply.header('etag', modelEtagOf(state)).send(modelBody(originOf(request), name, state));

const sendVersion = (
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  version: ModelVersion,
  state: ModelState,
) => reply.header('etag', modelEtagOf(state)).send(modelVersionBody(originOf(request), name, version));

const inUse = (name: string, version: number): string =>
  `The routing of ${name} sends traffic to version ${version}. Promote another version first, and leave this one out of ` +
  `the canaries (PUT /v1/models/${name}/routing); or pause the model, where no version is to answer.`;

const logProblems = ['unknown-model', 'log-unavailable', 'catalog-behind'] as const;

export const modelRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** The model as the log has it now. */
    const present = async (name: string): Promise<ModelState> => {
      await catchUp(context);
      const state = context.ports.catalog.get(context.tenant, name);
      if (!state) throw unknownModel(name, context.ports.catalog.names(context.tenant));
      return state;
    };
    const changed = (description: string) => Type.Composite([modelSchema], { description });

    app.put(
      '/v1/models/:name/routing',
      {
        schema: {
          operationId: 'moveModelRouting',
          summary: 'Choose the champion and the canaries',
          description:
            'Needs `If-Match` with the ETag of the model, so that of two changes made from one state only the first ' +
            'counts. Accepted predictions keep the version they were given.',
          tags: ['Models'],
          params: Type.Object({ name: modelNameSchema }),
          headers: Type.Object({ 'If-Match': Type.String({ description: 'ETag of the model', examples: ['"1"'] }) }),
          body: routingRequestSchema,
          response: answers(
            { 200: changed('The new routing') },
            ...logProblems,
            'routing-changed',
            'precondition-required',
            'invalid-routing',
          ),
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const base = ifMatchRevision(request.headers['if-match']);
        const state = await moveRouting(context, name, await present(name), base, request.body);
        return sendModel(request, reply, name, state);
      },
    );

    for (const [verb, type, summary] of [
      ['pause', 'ModelPaused', 'Hold the work of a model'],
      ['resume', 'ModelResumed', 'Go on with the work of a model, and end a quarantine'],
    ] as const) {
      app.post(
        `/v1/models/:name/${verb}`,
        {
          schema: {
            operationId: `${verb}Model`,
            summary,
            description: 'Predictions are accepted all the same. Repeating it is safe.',
            tags: ['Models'],
            params: Type.Object({ name: modelNameSchema }),
            response: answers({ 200: changed('The model') }, ...logProblems),
          },
        },
        async (request, reply) => {
          const { name } = request.params;
          await present(name);
          const { state } = await appendModelEvent(context, name, type, {});
          return sendModel(request, reply, name, state);
        },
      );
    }

    app.delete(
      '/v1/models/:name/versions/:version',
      {
        schema: {
          operationId: 'retireModelVersion',
          summary: 'Retire a version',
          description:
            'It takes no new predictions, for good: no retired version comes back, and its file is served again only ' +
            'as a new version, with another description or other settings. History that refers to it stays, and so ' +
            'does its file. A version that gets traffic is not retired.',
          tags: ['Models'],
          params: Type.Object({ name: modelNameSchema, version: modelVersionNumber }),
          response: answers(
            { 200: Type.Composite([modelVersionSchema], { description: 'Retired' }) },
            ...logProblems,
            'unknown-model-version',
            'version-in-use',
          ),
        },
      },
      async (request, reply) => {
        const { name, version } = request.params;
        const before = await present(name);
        const known = findVersion(before, version);
        if (!known) throw unknownModelVersion(name, before);
        if (known.state === 'retired') return sendVersion(request, reply, name, known, before);
        const { state, verdict } = await appendModelEvent(context, name, 'ModelVersionRetired', { version });
        const after = findVersion(state, version);
        if (verdict === 'ignored:in_use' || !after) {
          throw problem('version-in-use', inUse(name, version));
        }
        return sendVersion(request, reply, name, after, state);
      },
    );
  };
