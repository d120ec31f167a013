import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, problem, projectionNamed, projectionNameSchema } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import type { CommandContext } from './command-ports.ts';
import { nextIdOf, requestProjectionJob } from './projection-jobs.ts';

const body = Type.Union([
  Type.Object(
    {
      dryRun: Type.Optional(Type.Boolean({ description: 'Compare with the live view, and promote nothing' })),
      force: Type.Optional(Type.Boolean({ description: 'Promote it also where it differs from the live view' })),
    },
    { additionalProperties: false, examples: [{ dryRun: true }] },
  ),
  Type.Null({ title: 'no body' }),
]);

const response = answers(
  {
    202: Type.Object(
      { id: Type.String({ description: 'Of the job, too' }), links: Type.Object({ self: Type.String() }) },
      { description: 'Begun' },
    ),
  },
  'unknown-projection',
  'rebuild-running',
  'no-previous-generation',
  'too-many-jobs',
  'catalog-behind',
  'log-unavailable',
  'store-unavailable',
);

const sendBegun = (reply: FastifyReply, name: string, id: string) => {
  const self = `/v1/projections/${name}/rebuilds/${id}`;
  return reply.code(202).header('location', self).send({ id, links: { self } });
};

export const projectionRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    const shared = { tags: ['Projections'], params: Type.Object({ name: projectionNameSchema }), response };
    app.post(
      '/v1/projections/:name/rebuild',
      {
        schema: {
          ...shared,
          operationId: 'rebuildProjection',
          summary: 'Fold a view again from the log',
          description:
            'A new generation is filled beside the live one, compared, and put in its place. Where documents differ, or ' +
            'only one of the two has them, it fails with `views_differ` and the live one stays, unless it is forced; ' +
            'what is parked in one of them may differ. It is a job: ' +
            '/v1/jobs/{id} tells of it too, and cancels it.',
          'x-body-optional': true,
          body,
        },
      },
      async (request, reply) => {
        const name = projectionNamed(request.params.name);
        const { dryRun = false, force = false } = request.body ?? {};
        const { id } = await requestProjectionJob(context, name, 'projection-rebuild', { dryRun, force });
        return sendBegun(reply, name, id);
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
        await nextIdOf(context, name);
        const generations = await context.ports.projections.generations();
        if (!generations.some(({ projection, state }) => projection === name && state === 'previous')) {
          throw problem('no-previous-generation', `${name} has no generation before the live one.`);
        }
        const { id } = await requestProjectionJob(context, name, 'projection-undo', {});
        return sendBegun(reply, name, id);
      },
    );
  };
