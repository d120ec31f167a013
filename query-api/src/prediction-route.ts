import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  classicInterface,
  etagOf,
  heldByPause,
  type KnownPredictionDoc,
  noneMatch,
  type OpenEnds,
  type PredictionReading,
  predictionIdSchema,
  predictionSchema,
  shownPrediction,
  tagPrediction,
  waitSecondsMax,
  waitSecondsOf,
  wholePredictionBody,
} from '@hindcast/adapters/http';
import { DEFAULT_TENANT, isEnded, keyOf, type Position, type ViewReader } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asOfParameter, asOfPositions, predictionAsOf } from './prediction-as-of.ts';
import type { QueryPorts } from './query-ports.ts';
import { seenPositions } from './request-headers.ts';

export const includeLabels = Type.Optional(
  Type.Literal('labels', { description: 'Show the labels too, which may change after the end' }),
);

export const positionHeader = Type.Optional(
  Type.String({
    pattern: '^[0-9]{1,9}:[0-9]{1,9}:[0-9]{1,15}(, ?[0-9]{1,9}:[0-9]{1,9}:[0-9]{1,15})*$',
    description: 'Positions that the answer must not be older than',
    examples: ['0:0:0'],
  }),
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
    'position-gone',
  ),
};

/** A pause moves no position of the prediction: an answer that tells of it needs another tag. */
const heldEtagOf = (doc: KnownPredictionDoc): string => `${etagOf(doc).slice(0, -1)}-held"`;

export const foreverCached = 'private, max-age=31536000, immutable';

export const predictionRoutes =
  (
    { artifacts, log }: Pick<QueryPorts, 'artifacts' | 'log'>,
    views: Pick<ViewReader, 'model'>,
    reading: PredictionReading,
    waits: OpenEnds,
  ): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** Whether it waits for its model, as far as the views know; what they cannot tell is no reason to answer nothing. */
    const isHeld = async ({ state, tenant }: KnownPredictionDoc): Promise<boolean> => {
      const model = await views.model(keyOf(tenant, state.request.model)).catch(() => undefined);
      return model?.state.paused === true;
    };

    const send = async (request: FastifyRequest, reply: FastifyReply, id: string, withLabels: boolean) => {
      const key = keyOf(DEFAULT_TENANT, id);
      const waitSeconds = waitSecondsOf(request.headers);
      const open = waits.of(reply.raw);
      try {
        let doc = await reading.find(key, { seen: seenPositions(request.headers), labels: withLabels }, open);
        if (waitSeconds !== undefined && !isEnded(doc.state)) {
          doc = await reading.whenEnded(key, doc, waitSeconds * 1_000, open.signal());
        }
        const shown = shownPrediction(doc, withLabels);
        const held = doc.state.status === 'queued' && (await isHeld(doc));
        const etag = held ? heldEtagOf(shown) : etagOf(shown);
        const known = !noneMatch(request.headers['if-none-match'], etag);
        const showing = known ? undefined : wholePredictionBody(artifacts, shown);
        const body = showing instanceof Promise ? await showing : showing;
        tagPrediction(reply, doc, shown).header('etag', etag);
        if (waitSeconds !== undefined) reply.header('preference-applied', `wait=${waitSeconds}`);
        if (!isEnded(doc.state)) reply.header('cache-control', 'no-store').header('retry-after', '1');
        else reply.header('cache-control', withLabels ? 'private, no-cache' : foreverCached);
        if (body === undefined) return reply.code(304).send();
        return reply.send(held ? { ...body, ...heldByPause } : body);
      } finally {
        open.release();
      }
    };

    const sendAsOf = async (reply: FastifyReply, id: string, at: readonly Position[], withLabels: boolean) => {
      const open = waits.of(reply.raw);
      try {
        const found = await reading.find(keyOf(DEFAULT_TENANT, id), { seen: at, seenIn: 'asOf', labels: true }, open);
        const doc = await predictionAsOf(log, found, at);
        const shown = shownPrediction(doc, withLabels);
        const body = await wholePredictionBody(artifacts, shown);
        return await tagPrediction(reply, doc, shown).header('cache-control', 'private, no-cache').send(body);
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
          params: Type.Object({ id: predictionIdSchema }),
          querystring: Type.Object({ include: includeLabels, asOf: asOfParameter }, { additionalProperties: false }),
        },
      },
      (request, reply) => {
        const { include, asOf } = request.query;
        if (asOf !== undefined) return sendAsOf(reply, request.params.id, asOfPositions(asOf), include !== undefined);
        return send(request, reply, request.params.id, include !== undefined);
      },
    );
    app.get(
      '/getResults',
      {
        schema: {
          ...shared,
          operationId: 'getResults',
          summary: 'Alias of GET /v1/predictions/{id}',
          description: classicInterface,
          querystring: Type.Object({ id: predictionIdSchema, include: includeLabels }, { additionalProperties: false }),
        },
      },
      (request, reply) => send(request, reply, request.query.id, request.query.include !== undefined),
    );
  };
