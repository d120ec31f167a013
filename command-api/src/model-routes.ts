import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, problem } from '@hindcast/adapters/http';
import { findVersion, type ModelState } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { CommandContext } from './command-ports.ts';
import { modelChangeBody, modelChangeSchema, modelEtagOf, modelVersionBody, modelVersionSchema } from './model-body.ts';
import { appendModelEvent } from './model-commands.ts';
import { ifMatchRevision, moveRouting, routingRequestSchema } from './move-routing.ts';
import { modelName } from './registration-routes.ts';
import { catchUp, unknownModel } from './resolve-model.ts';

const logProblems = ['unknown-model', 'log-unavailable', 'catalog-behind'] as const;

export const modelRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** The model as the log has it now. */
    const present = async (name: string): Promise<ModelState> => {
      await catchUp(context);
      const state = context.ports.catalog.get(context.tenant, name);
      if (!state) throw unknownModel(context, name);
      return state;
    };
    const changed = (description: string) => Type.Composite([modelChangeSchema], { description });

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
          params: Type.Object({ name: modelName }),
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
        return reply.header('etag', modelEtagOf(state)).send(modelChangeBody(name, state));
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
            params: Type.Object({ name: modelName }),
            response: answers({ 200: changed('The model') }, ...logProblems),
          },
        },
        async (request, reply) => {
          const { name } = request.params;
          await present(name);
          const { state } = await appendModelEvent(context, name, type, {});
          return reply.header('etag', modelEtagOf(state)).send(modelChangeBody(name, state));
        },
      );
    }

    app.delete(
      '/v1/models/:name/versions/:version',
      {
        schema: {
          operationId: 'retireModelVersion',
          summary: 'Retire a version',
          description: 'It takes no new predictions. History that refers to it stays, and so does its file.',
          tags: ['Models'],
          params: Type.Object({ name: modelName, version: Type.Integer({ minimum: 1, maximum: 9_999_999 }) }),
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
        const known = findVersion(await present(name), version);
        if (!known) throw problem('unknown-model-version', `${name} has no version ${version}.`);
        if (known.state === 'retired') return reply.send(modelVersionBody(name, known));
        const { state, verdict } = await appendModelEvent(context, name, 'ModelVersionRetired', { version });
        const after = findVersion(state, version);
        if (verdict === 'ignored:in_use' || !after) {
          throw problem('version-in-use', `The routing of ${name} sends traffic to version ${version}.`);
        }
        return reply.send(modelVersionBody(name, after));
      },
    );
  };
