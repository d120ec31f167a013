import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, etagOf, positionOf, predictionBody, predictionSchema } from '@hindcast/adapters/http';
import { DEFAULT_TENANT, isEnded, keyOf } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endedResult } from './ended-result.ts';
import type { OpenEnds } from './open-ends.ts';
import type { PredictionReading } from './prediction-reading.ts';
import { noneMatch, seenPositions, waitSecondsMax, waitSecondsOf } from './request-headers.ts';

export const idSchema = Type.String({ minLength: 1, maxLength: 128, description: 'Id of the prediction' });

const include = Type.Optional(
  Type.Literal('labels', { description: 'Show the labels too, which may change after the end' }),
);

export const positionHeader = Type.Optional(
  Type.String({ description: 'Positions that the answer must not be older than', examples: ['0:7:4211'] }),
);

const shared = {
  tags: ['Predictions'],
  headers: Type.Object({
    prefer: Type.Optional(
      Type.String({ description: `wait=N: answer when it has ended, or after N (at most ${waitSecondsMax}) seconds` }),
    ),
    'if-none-match': Type.Optional(Type.String()),
    'hindcast-position': positionHeader,
  }),
  response: answers(
    {
      200: Type.Composite([predictionSchema], {
        description: 'The prediction; a failed one too. Immutable once ended',
      }),
      304: Type.Null({ description: 'Still what If-None-Match names' }),
    },
    'unknown-prediction',
    'view-behind',
    'store-unavailable',
    'too-many-waiting',
  ),
};

const foreverCached = 'private, max-age=31536000, immutable';

export const predictionRoutes =
  (reading: PredictionReading, waits: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const send = async (request: FastifyRequest, reply: FastifyReply, id: string, withLabels: boolean) => {
      const key = keyOf(DEFAULT_TENANT, id);
      const waitSeconds = waitSecondsOf(request.headers);
      const open = waits.of(reply.raw);
      try {
        let doc = await reading.find(key, { seen: seenPositions(request.headers), labels: withLabels }, open);
        if (waitSeconds !== undefined && !isEnded(doc.state)) {
          doc = await reading.whenEnded(key, doc, waitSeconds * 1_000, open.signal());
        }
        const ended = endedResult(doc);
        const shown = (withLabels ? undefined : ended) ?? doc;
        const etag = etagOf(shown);
        reply.header('etag', etag).header('hindcast-position', positionOf(doc));
        if (waitSeconds !== undefined) reply.header('preference-applied', `wait=${waitSeconds}`);
        if (!ended) reply.header('cache-control', 'no-store').header('retry-after', '1');
        else reply.header('cache-control', withLabels ? 'private, no-cache' : foreverCached);
        if (!noneMatch(request.headers['if-none-match'], etag)) return reply.code(304).send();
        return reply.send(predictionBody(shown));
      } finally {
        open.release();
      }
    };

    app.get(
      '/v1/predictions/:id',
      {
        schema: {
          ...shared,
          operationId: 'getPrediction',
          summary: 'A prediction, or its result once there is one',
          params: Type.Object({ id: idSchema }),
          querystring: Type.Object({ include }, { additionalProperties: false }),
        },
      },
      (request, reply) => send(request, reply, request.params.id, request.query.include !== undefined),
    );
    app.get(
      '/getResults',
      {
        schema: {
          ...shared,
          operationId: 'getResults',
          summary: 'The same as GET /v1/predictions/{id}',
          querystring: Type.Object({ id: idSchema, include }, { additionalProperties: false }),
        },
      },
      (request, reply) => send(request, reply, request.query.id, request.query.include !== undefined),
    );
  };
