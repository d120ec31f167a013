import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, problem } from '@hindcast/adapters/http';
import {
  type BacktestSpec,
  backtestKind,
  findVersion,
  type LogCut,
  modelNamePattern,
  modelReferencePattern,
  pastRowsPerSecondDefault,
  rowsPerSecondSchema,
  sampleSchema,
  shadowKind,
  slicePattern,
  slicesMax,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { begunSchema, idOf, sendBegun } from './begun-job.ts';
import type { CommandContext } from './command-ports.ts';
import { requestJob } from './request-job.ts';
import { resolveModel } from './resolve-model.ts';
import { resolvePast } from './resolve-past.ts';
import { cutProperties, wishedCut } from './wished-cut.ts';

const body = Type.Object(
  {
    model: Type.String({
      pattern: modelReferencePattern,
      description: 'The version that is asked what it would have said',
      examples: ['churn@1'],
    }),
    history: Type.Optional(
      Type.String({
        pattern: modelNamePattern,
        description: 'The model whose past it is asked about, which may have been imported only; default: the same',
      }),
    ),
    versions: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 64, description: 'Only what these answered' }),
    ),
    ...cutProperties,
    slices: Type.Optional(
      Type.Array(Type.String({ pattern: slicePattern, examples: ['input.plan'] }), {
        maxItems: slicesMax,
        description: 'Members of input or context, or `entity`, `version`, `role`: the report is also by their values',
        examples: [['input.plan']],
      }),
    ),
    sample: Type.Optional(sampleSchema),
    rowsPerSecondMax: Type.Optional(rowsPerSecondSchema),
    shadow: Type.Optional(
      Type.Boolean({ description: 'Of all that comes from now on (or from `from`), until the job is canceled' }),
    ),
  },
  { additionalProperties: false, examples: [{ model: 'churn@1', slices: ['input.plan'] }] },
);

export const backtestRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/v1/backtests',
      {
        schema: {
          operationId: 'backtest',
          summary: 'Ask a version what it would have said',
          description:
            'Past predictions of a stretch of the log, or all that come, are put to another version. Its answers go into a ' +
            'result set of their own and change nothing. It is a job: /v1/jobs/{id} follows and cancels it. Asked twice with ' +
            'one `to` it is one job.',
          tags: ['Verification'],
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
        const { model: reference, history, versions, slices, sample, rowsPerSecondMax, shadow, ...wish } = request.body;
        const { name, state, pinned } = await resolveModel(context, reference);
        const version = pinned === undefined ? undefined : findVersion(state, pinned);
        if (!version) throw problem('invalid-body', `Say which version, such as ${name}@${state.versions.length}.`);
        if (history !== undefined) await resolvePast(context, history, reply.raw);
        const cut = await wishedCut(context, wish);
        const spec: BacktestSpec = {
          cut: shadow && wish.from === undefined && wish.since === undefined ? emptyAtItsEnd(cut) : cut,
          model: history ?? name,
          ...(versions && { versions }),
          candidate: { model: name, version: version.version, sha256: version.sha256 },
          slices: slices ?? [],
          ...(sample && { sample }),
          rowsPerSecondMax: rowsPerSecondMax ?? pastRowsPerSecondDefault,
        };
        const kind = shadow ? shadowKind : backtestKind;
        const { doc } = await requestJob(context, { kind, spec, ...idOf(context, wish) });
        return sendBegun(reply, doc, '/v1/backtests');
      },
    );
  };

const emptyAtItsEnd = (cut: LogCut): LogCut => ({
  ...cut,
  ranges: cut.ranges.map((range) => ({ ...range, from: range.to })),
});
