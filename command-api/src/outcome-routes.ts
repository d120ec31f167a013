import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  predictionBody,
  predictionIdSchema,
  predictionPath,
  predictionSchema,
  problem,
  shownPrediction,
  tagPrediction,
} from '@hindcast/adapters/http';
import { predictionCanceledData } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { appendLabel } from './append-label.ts';
import { cancelPrediction } from './cancel-prediction.ts';
import type { CommandContext } from './command-ports.ts';
import { labelWarningsSchema } from './labels/label-warnings.ts';
import { saidInLabel } from './labels/said-in-label.ts';
import type { Watches } from './watch-predictions.ts';

const cancelBody = Type.Union([
  Type.Object(predictionCanceledData.properties, {
    additionalProperties: false,
    examples: [{ reason: 'The customer has left.' }],
  }),
  Type.Null({ title: 'no body' }),
]);
const labelBody = Type.Object(saidInLabel, {
  additionalProperties: false,
  examples: [{ value: true, occurredAt: '2026-04-01T00:00:00Z', source: 'billing' }],
});

/** What may still happen to an accepted prediction: a cancel, and labels. */
export const outcomeRoutes =
  (context: CommandContext, watches: Watches): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/v1/predictions/:id/cancel',
      {
        schema: {
          operationId: 'cancelPrediction',
          summary: 'Cancel a prediction',
          description: 'Answers what became of it, in the order of the log. Repeating a cancel is safe.',
          tags: ['Predictions'],
          'x-body-optional': true,
          params: Type.Object({ id: predictionIdSchema }),
          body: cancelBody,
          response: answers(
            {
              200: Type.Composite([predictionSchema], { description: 'Canceled' }),
              202: Type.Object(
                { id: Type.String(), links: Type.Object({ self: Type.String() }) },
                { description: 'The cancel is in the log; look at the prediction to see what it did' },
              ),
            },
            'unknown-prediction',
            'prediction-ended',
            'log-unavailable',
            'store-unavailable',
            'view-behind',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const cancellation = await cancelPrediction(context, watches, id, request.body?.reason);
        if (!cancellation.ended) {
          const self = predictionPath(id);
          return reply.code(202).header('location', self).header('retry-after', '1').send({ id, links: { self } });
        }
        const { doc } = cancellation;
        const { status } = doc.state;
        if (status !== 'canceled') throw problem('prediction-ended', `The prediction has ${status}.`);
        const shown = shownPrediction(doc);
        tagPrediction(reply, doc, shown).header('content-location', predictionPath(id));
        return reply.send(predictionBody(shown));
      },
    );
    app.post(
      '/v1/predictions/:id/labels',
      {
        config: { exactIntegers: true },
        schema: {
          operationId: 'labelPrediction',
          summary: 'Say what came true',
          description:
            'A later label corrects an earlier one; the log keeps both. A value that means none of the classes of the version is ' +
            'kept like any other, and `warnings` say so.',
          tags: ['Predictions'],
          params: Type.Object({ id: predictionIdSchema }),
          body: labelBody,
          response: answers(
            {
              202: Type.Object(
                {
                  id: Type.String(),
                  position: Type.String(),
                  links: Type.Object({ self: Type.String() }),
                  warnings: labelWarningsSchema,
                },
                { description: 'The label is in the log' },
              ),
            },
            'unknown-prediction',
            'log-unavailable',
            'store-unavailable',
            'view-behind',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { position, warnings } = await appendLabel(context, id, request.body);
        const self = predictionPath(id);
        const answer = { id, position, links: { self }, ...(warnings.length > 0 && { warnings: [...warnings] }) };
        return reply.code(202).header('hindcast-position', position).send(answer);
      },
    );
  };
