import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, jobIdSchema, jobSchema, type OpenEnds, pagePolicy } from '@hindcast/adapters/http';
import { backtestReportSchema } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { backtestPage } from './backtest-page.ts';
import { backtestBody, findBacktest, rowsFrom } from './backtest-reading.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { streamed } from './streamed-reply.ts';

const rowsMax = 1_000_000;

const { result: _, ...jobProperties } = jobSchema.properties;
const schema = Type.Object(
  { ...jobProperties, report: Type.Optional(backtestReportSchema) },
  { description: 'The job, with what it has found up to its last checkpoint' },
);
const rowSchema = Type.Object(
  {
    row: Type.Integer({ description: 'Counted from 0' }),
    predictionId: Type.String(),
    position: Type.String({ description: 'Of the request' }),
    acceptedAt: Type.String({ format: 'date-time' }),
    entity: Type.Optional(Type.String()),
    version: Type.Integer({ description: 'That answered' }),
    changed: Type.Boolean(),
    was: Type.Optional(Type.String({ description: 'Class or decision as recorded' })),
    is: Type.Optional(Type.String({ description: 'As the candidate has it' })),
    shift: Type.Optional(Type.Number({ description: 'Score of the candidate minus that which was recorded' })),
    recorded: Type.Optional(Type.Unknown({ description: 'The output that was recorded' })),
    candidate: Type.Optional(Type.Unknown({ description: 'That of the candidate' })),
    label: Type.Optional(Type.Unknown({ description: 'The last one of the stretch' })),
  },
  { $id: 'BacktestRow', description: 'A past prediction, and what the candidate says' },
);

export const backtestRoutes =
  (ports: QueryPorts, limits: QueryLimits, replays: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const params = Type.Object({ id: jobIdSchema });
    const refusals = ['unknown-job', 'catalog-behind', 'store-unavailable'] as const;

    app.get(
      '/v1/backtests/:id',
      {
        schema: {
          operationId: 'getBacktest',
          summary: 'A backtest or a shadow, and its report',
          tags: ['Verification'],
          params,
          response: answers({ 200: schema }, ...refusals),
        },
      },
      async (request, reply) => {
        const found = await findBacktest(ports, request.params.id);
        return reply.header('cache-control', 'no-store').send(backtestBody(found));
      },
    );

    app.get(
      '/v1/backtests/:id/report',
      {
        schema: {
          operationId: 'getBacktestReport',
          summary: 'The report as a page with plots',
          tags: ['Verification'],
          params,
          produces: ['text/html'],
          response: answers({ 200: Type.String({ description: 'A page without scripts' }) }, ...refusals),
        },
      },
      async (request, reply) => {
        const body = backtestBody(await findBacktest(ports, request.params.id));
        return reply
          .header('cache-control', 'no-store')
          .header('content-security-policy', pagePolicy)
          .type('text/html; charset=utf-8')
          .send(backtestPage(body));
      },
    );

    app.get(
      '/v1/backtests/:id/rows',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'getBacktestRows',
          summary: 'The result set: one line for each row',
          description:
            'NDJSON, as far as the last checkpoint has it. A download that broke off goes on with `from`: the `row` of ' +
            'the last whole line plus one.',
          tags: ['Verification'],
          params,
          querystring: Type.Object(
            {
              from: Type.Optional(Type.Integer({ minimum: 0, description: 'First row; default 0' })),
              limit: Type.Optional(Type.Integer({ minimum: 1, maximum: rowsMax, description: `Default ${rowsMax}` })),
            },
            { additionalProperties: false },
          ),
          produces: ['application/x-ndjson'],
          response: answers(
            { 200: Type.Composite([rowSchema], { description: 'Lines of NDJSON, streamed' }) },
            ...refusals,
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const { from = 0, limit = rowsMax } = request.query;
        const open = replays.of(reply.raw);
        try {
          const { state } = await findBacktest(ports, request.params.id);
          const signal = open.signal();
          const rows = state ? rowsFrom(ports.artifacts, state, from, limit) : nothing();
          const cut = () => reply.raw.destroy();
          const { logger } = ports;
          return reply
            .headers({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
            .send(streamed(rows, { signal, logger, stalledMsMax: limits.stalledMsMax, cut }) as never);
        } catch (error) {
          open.release();
          throw error;
        }
      },
    );
  };

async function* nothing(): AsyncGenerator<string> {}
