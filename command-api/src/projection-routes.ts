import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, problem, projectionNamed, projectionNameSchema } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { ProjectionRebuilds } from './command-ports.ts';

const body = Type.Union([
  Type.Object(
    { dryRun: Type.Optional(Type.Boolean({ description: 'Compare with the live view, and promote nothing' })) },
    { additionalProperties: false },
  ),
  Type.Null({ title: 'no body' }),
]);

export const projectionRoutes =
  (rebuilds: ProjectionRebuilds): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/v1/projections/:name/rebuild',
      {
        schema: {
          operationId: 'rebuildProjection',
          summary: 'Fold a view again from the log',
          description: 'A new generation is filled beside the live one, compared, and put in its place.',
          tags: ['Projections'],
          'x-body-optional': true,
          params: Type.Object({ name: projectionNameSchema }),
          body,
          response: answers(
            {
              202: Type.Object(
                { id: Type.String(), links: Type.Object({ self: Type.String() }) },
                { description: 'Begun' },
              ),
            },
            'unknown-projection',
            'rebuild-running',
            'store-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const name = projectionNamed(request.params.name);
        const started = await rebuilds.start(name, { dryRun: request.body?.dryRun ?? false });
        if (!started) throw problem('rebuild-running', `A rebuild of ${name} is running.`);
        const self = `/v1/projections/${name}/rebuilds/${started.id}`;
        return reply.code(202).header('location', self).send({ id: started.id, links: { self } });
      },
    );
  };
