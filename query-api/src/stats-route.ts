import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, modelReferenceSchema, problem } from '@hindcast/adapters/http';
import { DEFAULT_TENANT, parseModelReference, type ViewReader } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { QueryPorts } from './query-ports.ts';
import { summarizeStats } from './stats-summary.ts';
import { timeOf, timeParameter } from './time-parameter.ts';

const hourMs = 3_600_000;
/** Three months. */
export const statsHoursMax = 24 * 92;
const statsHoursDefault = 24;

const count = Type.Integer({ minimum: 0 });
const milliseconds = Type.Union([Type.Number(), Type.Null()]);

const rowSchema = Type.Object({
  hour: Type.String({ format: 'date-time', description: 'Begin of the hour in which the log stored the requests' }),
  model: Type.Optional(Type.String()),
  version: Type.Optional(Type.Integer()),
  accepted: count,
  succeeded: count,
  failed: count,
  canceled: count,
  expired: count,
  labeled: count,
  meanQueuedMs: milliseconds,
  meanInferenceMs: milliseconds,
  estimatedDurationMs: Type.Object(
    { p50: milliseconds, p95: milliseconds, p99: milliseconds },
    { description: 'From submit to end: estimates from the counts of fixed buckets, not measured percentiles' },
  ),
});

export const statsRoute =
  ({ identity }: QueryPorts, views: ViewReader): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/stats',
      {
        schema: {
          operationId: 'getStats',
          summary: 'Counts and durations per hour',
          tags: ['Statistics'],
          querystring: Type.Object(
            {
              model: Type.Optional(modelReferenceSchema),
              since: timeParameter(`Default: ${statsHoursDefault} hours before until. Rounded down to the hour`),
              until: timeParameter('Default: now'),
              groupBy: Type.Optional(Type.Literal('version', { description: 'A row for each model version and hour' })),
            },
            { additionalProperties: false },
          ),
          response: answers(
            {
              200: Type.Object(
                { data: Type.Array(rowSchema), since: Type.String(), until: Type.String() },
                { description: 'Hours in which something happened, oldest first' },
              ),
            },
            'store-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { query } = request;
        const until = timeOf('until', query.until) ?? identity.now() + 1;
        const asked = timeOf('since', query.since) ?? until - statsHoursDefault * hourMs;
        const since = Math.floor(asked / hourMs) * hourMs;
        if (until - since > (statsHoursMax + 1) * hourMs) {
          throw problem('invalid-parameter', `since and until are more than ${statsHoursMax} hours apart.`, {
            errors: [{ pointer: 'since', detail: `At most ${statsHoursMax} hours are answered at once.` }],
          });
        }
        const { model, version } = { ...(query.model === undefined ? undefined : parseModelReference(query.model)) };
        const docs = await views.stats({
          tenant: DEFAULT_TENANT,
          ...(model === undefined ? undefined : { model }),
          since,
          until,
        });
        const chosen = version === undefined ? docs : docs.filter((doc) => doc.version === version);
        return reply.header('cache-control', 'no-store').send({
          data: summarizeStats(chosen, query.groupBy === 'version'),
          since: new Date(since).toISOString(),
          until: new Date(until).toISOString(),
        });
      },
    );
  };
