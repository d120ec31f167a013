import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  type OpenEnds,
  type PredictionReading,
  positionOf,
  predictionIdSchema,
} from '@hindcast/adapters/http';
import { DEFAULT_TENANT, formatPosition, keyOf, labelsMax, predictionLabeledData } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { seenPositions } from './request-headers.ts';

const revisionSchema = Type.Object(
  {
    revision: Type.Integer({ minimum: 1, description: 'Counted from 1' }),
    ...predictionLabeledData.properties,
    recordedAt: Type.String({ format: 'date-time', description: 'When the log stored it' }),
    position: Type.String({ examples: ['0:7:4211'] }),
    counts: Type.Boolean({ description: 'The newest one; a value of null says that there is no label any more' }),
  },
  { description: 'What was said to have come true, when and by whom' },
);

export const predictionLabelsRoute =
  (reading: PredictionReading, waits: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/predictions/:id/labels',
      {
        schema: {
          operationId: 'listPredictionLabels',
          summary: 'What came true, with every correction',
          description: `The newest ${labelsMax} revisions in their order; the log has all of them (GET /v1/events?type=PredictionLabeled).`,
          tags: ['Labels'],
          params: Type.Object({ id: predictionIdSchema }),
          response: answers(
            { 200: Type.Object({ data: Type.Array(revisionSchema) }, { description: 'Oldest first' }) },
            'unknown-prediction',
            'view-behind',
            'store-unavailable',
            'log-unavailable',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const open = waits.of(reply.raw);
        try {
          const key = keyOf(DEFAULT_TENANT, request.params.id);
          const doc = await reading.find(key, { seen: seenPositions(request.headers), labels: true }, open);
          const { labels } = doc.state;
          const { epoch, partition } = doc;
          const data = labels.map(({ offset, at, revision, ...label }, place) => ({
            revision: revision ?? place + 1,
            ...label,
            recordedAt: new Date(at).toISOString(),
            position: formatPosition({ epoch, partition, offset }),
            counts: place === labels.length - 1,
          }));
          return await reply
            .header('hindcast-position', positionOf(doc))
            .header('cache-control', 'no-store')
            .send({ data });
        } finally {
          open.release();
        }
      },
    );
  };
