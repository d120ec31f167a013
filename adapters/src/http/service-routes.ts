import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Logger } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { answers } from './problem-responses.ts';
import { checkReadiness, type Readiness, readinessSchema } from './readiness.ts';

/** What a scraper is shown, as a registry of prom-client has it. */
export interface Metrics {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface ServiceRoutes {
  readonly readiness: Readiness;
  readonly metrics: Metrics | undefined;
  readonly logger: Logger | undefined;
}

const verbose = Type.Optional(
  Type.Union([Type.Literal(''), Type.Literal('true'), Type.Literal('false')], { description: 'Show each check' }),
);

/** `/livez` asks only whether the event loop turns; `/readyz` whether requests should come here; `/metrics` is for scrapers. */
export const serviceRoutes =
  ({ readiness, metrics, logger }: ServiceRoutes): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/livez',
      {
        schema: {
          operationId: 'getLiveness',
          summary: 'Whether the process answers at all',
          tags: ['Service'],
          response: answers({ 200: Type.Object({ status: Type.Literal('live') }, { description: 'It answers' }) }),
        },
      },
      async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'live' }),
    );
    app.get(
      '/readyz',
      {
        schema: {
          operationId: 'getReadiness',
          summary: 'Whether requests should be sent here',
          tags: ['Service'],
          querystring: Type.Object({ verbose }, { additionalProperties: false }),
          response: answers({
            200: Type.Composite([readinessSchema], { description: 'Ready, perhaps degraded' }),
            503: Type.Composite([readinessSchema], { description: 'Not ready, starting or draining' }),
          }),
        },
      },
      async (request, reply) => {
        const { ok, status, checks } = await checkReadiness(readiness, logger);
        reply.code(ok ? 200 : 503).header('cache-control', 'no-store');
        const isVerbose = (request.query.verbose ?? 'false') !== 'false';
        return isVerbose ? { status, checks } : { status };
      },
    );
    if (!metrics) return;
    app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type(metrics.contentType)
        .header('cache-control', 'no-store')
        .send(await metrics.metrics()),
    );
  };
