import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, datasetBody, datasetPath, datasetSchema, jobsCaughtUp, problem } from '@hindcast/adapters/http';
import {
  datasetIdOf,
  datasetJobKind,
  datasetJobs,
  datasetRequestSchema,
  isEndedJob,
  planDataset,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { CommandContext } from './command-ports.ts';
import { isLost } from './lost-dataset.ts';
import { requestJob } from './request-job.ts';

export const datasetRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { ports, tenant } = context;
    app.post(
      '/v1/datasets',
      {
        schema: {
          operationId: 'createDataset',
          summary: 'Cut a data set from the log',
          description:
            'What is asked and where the log ends make the id: asked again with the positions of the first answer (`from` and `to`) ' +
            'it is the same set, with the same bytes, and is cut again where its files are gone. It is a job: /v1/jobs/{id} tells how far it is, and cancels it.',
          tags: ['Data sets'],
          body: datasetRequestSchema,
          response: answers(
            {
              200: Type.Composite([datasetSchema], { description: 'It was cut before' }),
              202: Type.Composite([datasetSchema], { description: 'It is being cut' }),
            },
            'invalid-body',
            'position-gone',
            'too-many-jobs',
            'catalog-behind',
            'log-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { extractor, redactionKeyId } = ports.datasets;
        const planned = await planDataset(ports.log, request.body, { tenant, extractor, redactionKeyId });
        if (!planned.ok) {
          const { code, detail } = planned.refusal;
          throw problem(code === 'gone' ? 'position-gone' : 'invalid-body', detail);
        }
        const { plan } = planned;
        const { sha256, idFromText } = ports.identity;
        const datasetId = datasetIdOf(plan, sha256);
        await jobsCaughtUp(ports.jobs);
        const { doc: newest, cut, nextId } = datasetJobs(ports.jobs, idFromText, tenant, datasetId);
        const isOpen = newest !== undefined && !isEndedJob(newest.state);
        const id = cut && !isOpen && !(await isLost(ports.artifacts, cut)) ? cut.id : nextId;
        const { doc } = await requestJob(context, { id, kind: datasetJobKind, spec: { plan } });
        const done = doc.state.status === 'succeeded';
        return reply
          .code(done ? 200 : 202)
          .header('location', datasetPath(datasetId))
          .send(datasetBody(doc, sha256));
      },
    );
  };
