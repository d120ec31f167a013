import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, findJob, jobBody, jobIdSchema, jobSchema, problem } from '@hindcast/adapters/http';
import {
  DEFAULT_TENANT,
  isEndedJob,
  type JobDoc,
  type VerificationReport,
  verificationKind,
  verificationReportSchema,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { QueryPorts } from './query-ports.ts';

const { result: _, ...jobProperties } = jobSchema.properties;

const schema = Type.Object(
  { ...jobProperties, report: Type.Optional(verificationReportSchema) },
  { description: 'The job, with what it has found so far' },
);

/** What has been counted: all of it, or up to the last checkpoint. */
const reportOf = ({ state }: JobDoc): VerificationReport | undefined => {
  const result = isEndedJob(state) ? state.result : undefined;
  return (result ?? state.checkpoint?.['report']) as VerificationReport | undefined;
};

export const verificationRoute =
  ({ jobs }: Pick<QueryPorts, 'jobs'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/verifications/:id',
      {
        schema: {
          operationId: 'getVerification',
          summary: 'A verification: which past predictions would be answered alike',
          tags: ['Verification'],
          params: Type.Object({ id: jobIdSchema }),
          response: answers({ 200: schema }, 'unknown-job', 'catalog-behind'),
        },
      },
      async (request, reply) => {
        const doc = await findJob(jobs, DEFAULT_TENANT, request.params.id);
        if (doc.state.request.kind !== verificationKind) throw problem('unknown-job', 'No verification has this id.');
        const { result, ...body } = jobBody(doc) as ReturnType<typeof jobBody> & { result?: unknown };
        return reply.header('cache-control', 'no-store').send({ ...body, report: reportOf(doc) });
      },
    );
  };
