import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, problem, projectionNamed, projectionNameSchema } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { ProjectionRebuilds } from './command-ports.ts';

const body = Type.Union([
  Type.Object(
    { dryRun: Type.Optional(Type.Boolean({ description: 'Compare with the live view, and promote nothing' })) },
    { additionalProperties: false, examples: [{ dryRun: true }] },
  ),
  Type.Null({ title: 'no body' }),
]);

const response = answers(
  {
    202: Type.Object({ id: Type.String(), links: Type.Object({ self: Type.String() }) }, { description: 'Begun' }),
  },
  'unknown-projection',
  'rebuild-running',
  'no-previous-generation',
  'store-unavailable',
);

const running = (name: string) => problem('rebuild-running', `A rebuild of ${name} is running.`);

const sendBegun = (reply: FastifyReply, name: string, id: string) => {
  const self = `/v1/projections/${name}/rebuilds/${id}`;
  return reply.code(202).header('location', self).send({ id, links: { self } });
};

export const projectionRoutes =
  (rebuilds: ProjectionRebuilds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const shared = { tags: ['Projections'], params: Type.Object({ name: projectionNameSchema }), response };
    app.post(
      '/v1/projections/:name/rebuild',
      {
        schema: {
          ...shared,
          operationId: 'rebuildProjection',
          summary: 'Fold a view again from the log',
          description: 'A new generation is filled beside the live one, compared, and put in its place.',
          'x-body-optional': true,
          body,
        },
      },
      async (request, reply) => {
        const name = projectionNamed(request.params.name);
        const begun = await rebuilds.start(name, { dryRun: request.body?.dryRun ?? false });
        if (!begun) throw running(name);
        return sendBegun(reply, name, begun.id);
      },
    );
    app.post(
      '/v1/projections/:name/undo',
      {
        schema: {
          ...shared,
          operationId: 'undoProjectionRebuild',
          summary: 'Go back to the generation before the last rebuild',
          description:
            'The previous generation catches up with the log and becomes live again; reads go on throughout. ' +
            'Done twice it goes forward again.',
        },
      },
      async (request, reply) => {
        const name = projectionNamed(request.params.name);
        const begun = await rebuilds.undo(name);
        if (begun === 'running') throw running(name);
        if (begun === 'no_previous') {
          throw problem('no-previous-generation', `${name} has no generation before the live one.`);
        }
        return sendBegun(reply, name, begun.id);
      },
    );
  };
