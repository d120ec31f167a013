import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  type KnownPredictionDoc,
  type OpenEnds,
  openPayload,
  type PredictionReading,
  predictionIdSchema,
  problem,
} from '@hindcast/adapters/http';
import { type DataRef, DEFAULT_TENANT, decode, isEnded, keyOf, recordAt, TOPICS } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { foreverCached, positionHeader } from './prediction-route.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { seenPositions } from './request-headers.ts';
import { streamed } from './streamed-reply.ts';

/** A value, or where its JSON text is kept. */
type Payload = { readonly value: unknown } | { readonly ref: DataRef };

/** What went into a prediction and what came out of it, on their own, of any size. */
export const predictionPayloadRoutes =
  (ports: QueryPorts, limits: QueryLimits, reading: PredictionReading, streams: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** @throws Problem `position-gone` where the log no longer has the request */
    const inputOf = async ({ partition, state }: KnownPredictionDoc): Promise<Payload> => {
      const { offset, eventId } = state.request;
      const record = await recordAt(ports.log, TOPICS.predictions, partition, offset);
      const decoded = record && decode(record);
      if (!decoded?.ok || decoded.event.id !== eventId || decoded.event.type !== 'PredictionRequested') {
        throw problem('position-gone', 'The log no longer has the request of this prediction.');
      }
      const { input, inputRef } = decoded.event.data;
      return inputRef ? { ref: inputRef } : { value: input };
    };

    /** @throws Problem `no-output` */
    const outputOf = async ({ state }: KnownPredictionDoc): Promise<Payload> => {
      if (!isEnded(state) || state.status !== 'succeeded') {
        throw problem('no-output', isEnded(state) ? `The prediction has ${state.status}.` : 'It has not ended yet.');
      }
      return state.outputRef ? { ref: state.outputRef } : { value: state.output };
    };

    const send = async (
      request: FastifyRequest,
      reply: FastifyReply,
      id: string,
      payloadOf: (doc: KnownPredictionDoc) => Promise<Payload>,
    ) => {
      const open = streams.of(reply.raw);
      let streaming = false;
      try {
        const seen = seenPositions(request.headers);
        const doc = await reading.find(keyOf(DEFAULT_TENANT, id), { seen, labels: false }, open);
        const payload = await payloadOf(doc);
        reply.type('application/json; charset=utf-8');
        if ('value' in payload) {
          return await reply.header('cache-control', foreverCached).send(JSON.stringify(payload.value));
        }
        const content = await openPayload(ports.artifacts, payload.ref);
        reply.header('cache-control', foreverCached).header('content-length', payload.ref.bytes);
        const { logger } = ports;
        const cut = () => reply.raw.destroy();
        const chunks = streamed(content, { signal: open.signal(), logger, stalledMsMax: limits.stalledMsMax, cut });
        streaming = true;
        return await reply.send(chunks);
      } finally {
        if (!streaming) open.release();
      }
    };

    for (const [part, operationId, summary, what, payloadOf, ...refusals] of [
      [
        'input',
        'getPredictionInput',
        'What a prediction was asked with',
        'The input, as it was sent',
        inputOf,
        'position-gone',
      ],
      ['output', 'getPredictionOutput', 'What a prediction came to', 'The output alone', outputOf, 'no-output'],
    ] as const) {
      app.get(
        `/v1/predictions/:id/${part}`,
        {
          schema: {
            operationId,
            summary,
            description: 'The JSON value on its own, of any size. It never changes.',
            tags: ['Predictions'],
            params: Type.Object({ id: predictionIdSchema }),
            headers: Type.Object({ 'hindcast-position': positionHeader }),
            response: answers(
              { 200: Type.Unknown({ description: what }) },
              ...refusals,
              'unknown-prediction',
              'view-behind',
              'store-unavailable',
              'log-unavailable',
              'too-many-waiting',
            ),
          },
        },
        (request, reply) => send(request, reply, request.params.id, payloadOf),
      );
    }
  };
