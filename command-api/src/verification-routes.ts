import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, modelReferenceSchema } from '@hindcast/adapters/http';
import {
  pastRowsPerSecondDefault,
  rowsPerSecondSchema,
  sampleSchema,
  type VerificationSpec,
  verificationKind,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { begunSchema, idOf, sendBegun } from './begun-job.ts';
import type { CommandContext } from './command-ports.ts';
import { requestJob } from './request-job.ts';
import { resolvePast } from './resolve-past.ts';
import { cutProperties, wishedCut } from './wished-cut.ts';

const body = Type.Union([
  Type.Object(
    {
      model: Type.Optional(modelReferenceSchema),
      ...cutProperties,
      sample: Type.Optional(sampleSchema),
      rowsPerSecondMax: Type.Optional(rowsPerSecondSchema),
    },
    { additionalProperties: false, examples: [{ model: 'churn', sample: { share: 0.01, salt: '' } }] },
  ),
  Type.Null({ title: 'no body' }),
]);

export const verificationRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/v1/verifications',
      {
        schema: {
          operationId: 'verifyPredictions',
          summary: 'Run past predictions again and compare',
          description:
            'Predictions that were accepted and have succeeded in a stretch of the log are run again with the recorded ' +
            'model, beside the live traffic. It is a job: /v1/jobs/{id} follows and cancels it. Asked twice with one `to` ' +
            'it is one job; without it each is a job of its own, up to the present end of the log.',
          tags: ['Verification'],
          'x-body-optional': true,
          body,
          response: answers(
            { 202: begunSchema },
            'unknown-model',
            'unknown-model-version',
            'too-many-jobs',
            'catalog-behind',
            'log-unavailable',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const { model: reference, sample, rowsPerSecondMax, ...wish } = request.body ?? {};
        const past = reference === undefined ? undefined : await resolvePast(context, reference, reply.raw);
        const spec: VerificationSpec = {
          cut: await wishedCut(context, wish),
          ...past,
          ...(sample && { sample }),
          rowsPerSecondMax: rowsPerSecondMax ?? pastRowsPerSecondDefault,
        };
        const { doc } = await requestJob(context, { kind: verificationKind, spec, ...idOf(context, wish) });
        return sendBegun(reply, doc, '/v1/verifications');
      },
    );
  };
