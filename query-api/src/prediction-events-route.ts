import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  type KnownPredictionDoc,
  type OpenEnd,
  type OpenEnds,
  type PredictionReading,
  positionOf,
  predictionIdSchema,
  problem,
} from '@hindcast/adapters/http';
import { DEFAULT_TENANT, isEnded, keyOf, parsePosition } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import { historyEventSchema, predictionHistory } from './prediction-history.ts';
import { positionHeader } from './prediction-route.ts';
import { predictionFrames } from './prediction-stream.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { seenPositions, wantsEventStream } from './request-headers.ts';
import { streamed } from './streamed-reply.ts';

/** Where a client that comes back goes on: the offset of the last event it has, -1 for none. */
const resumeAfter = (lastEventId: unknown, doc: KnownPredictionDoc): number => {
  if (typeof lastEventId !== 'string' || lastEventId === '') return -1;
  const position = parsePosition(lastEventId);
  if (position?.partition === doc.partition && position.epoch === doc.epoch) return position.offset;
  throw problem('invalid-parameter', 'Last-Event-ID is no position of this prediction.', {
    errors: [{ pointer: 'Last-Event-ID', detail: 'It is the id of an event of this stream, as it was sent.' }],
  });
};

const description = `As JSON the whole history, with why what was ignored was ignored. With \`Accept: text/event-stream\` the
accepted events and then those that come, until the prediction has ended; \`id\` is the position in the log, and a stream
that is opened with it in \`Last-Event-ID\` goes on behind it. Once there is nothing more to tell, that is a 204, upon which browsers stop to reconnect. Labels that come after
the end are in the JSON history.`;

export const predictionEventsRoute =
  (ports: QueryPorts, limits: QueryLimits, reading: PredictionReading, streams: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const history = predictionHistory(ports.log);

    const stream = (doc: KnownPredictionDoc, after: number, open: OpenEnd, reply: FastifyReply) => {
      const last = doc.state.history.findLast(({ verdict }) => verdict === 'accepted')?.offset ?? -1;
      if (isEnded(doc.state) && after >= last) return reply.code(204).send();
      const signal = open.signal();
      const { bus, logger, identity } = ports;
      const frames = predictionFrames({
        ...{ key: doc.key, doc, after, history, bus, limits, signal },
        now: identity.now,
        read: reading.read,
      });
      const cut = () => reply.raw.destroy();
      return reply
        .headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
        .send(streamed(frames, { signal, logger, stalledMsMax: limits.stalledMsMax, cut }));
    };

    app.get(
      '/v1/predictions/:id/events',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'listPredictionEvents',
          summary: 'The history of a prediction, or a live stream of it',
          description,
          tags: ['Predictions'],
          params: Type.Object({ id: predictionIdSchema }),
          headers: Type.Object({
            'last-event-id': Type.Optional(Type.String({ examples: ['0:7:4211'] })),
            'hindcast-position': positionHeader,
          }),
          response: answers(
            {
              200: Type.Object(
                { data: Type.Array(historyEventSchema) },
                { description: 'In the order of the log; or a stream of such events' },
              ),
              204: Type.Null({ description: 'The stream has nothing more to tell' }),
            },
            'unknown-prediction',
            'view-behind',
            'store-unavailable',
            'log-unavailable',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const open = streams.of(reply.raw);
        let streaming = false;
        try {
          const key = keyOf(DEFAULT_TENANT, request.params.id);
          const doc = await reading.find(key, { seen: seenPositions(request.headers), labels: true }, open);
          reply
            .header('hindcast-position', positionOf(doc))
            .header('cache-control', 'no-store')
            .header('vary', 'accept');
          if (!wantsEventStream(request.headers)) return await reply.send({ data: await history.all(doc) });
          const after = resumeAfter(request.headers['last-event-id'], doc);
          streaming = true;
          return stream(doc, after, open, reply);
        } finally {
          if (!streaming) open.release();
        }
      },
    );
  };
