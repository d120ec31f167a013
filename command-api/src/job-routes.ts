import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, findJob, jobBody, jobIdSchema, jobPath, jobSchema, problem } from '@hindcast/adapters/http';
import { isEndedJob, jobCanceledData } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { CommandContext } from './command-ports.ts';
import { appendJobEvent } from './request-job.ts';

const cancelBody = Type.Union([
  Type.Object(jobCanceledData.properties, { additionalProperties: false }),
  Type.Null({ title: 'no body' }),
]);

export const jobRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { jobs } = context.ports;
    app.post(
      '/v1/jobs/:id/cancel',
      {
        schema: {
          operationId: 'cancelJob',
          summary: 'Cancel a job',
          description: 'Answers what became of it, in the order of the log. Repeating a cancel is safe.',
          tags: ['Jobs'],
          'x-body-optional': true,
          params: Type.Object({ id: jobIdSchema }),
          body: cancelBody,
          response: answers(
            { 200: Type.Composite([jobSchema], { description: 'Canceled' }) },
            'unknown-job',
            'job-ended',
            'catalog-behind',
            'log-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        let doc = await findJob(jobs, context.tenant, id);
        if (!isEndedJob(doc.state)) {
          await appendJobEvent(context, id, 'JobCanceled', { ...request.body }, doc.state.request.eventId);
          doc = await findJob(jobs, context.tenant, id);
        }
        const { status } = doc.state;
        if (status !== 'canceled') throw problem('job-ended', `The job has ${status}.`);
        return reply.header('content-location', jobPath(id)).send(jobBody(doc));
      },
    );
  };
