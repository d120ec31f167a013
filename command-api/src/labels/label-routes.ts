import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { allowSlowBody, answers, Problem } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { CommandContext } from '../command-ports.ts';
import { idempotencyKeyOf } from '../request-manner.ts';
import { acceptUploads, isStream, ndjson } from '../uploads/accept-uploads.ts';
import { checkedLabel, labelRequestSchema } from './label-request.ts';
import { labelWarningsSchema } from './label-warnings.ts';
import { createLabelTaker } from './take-labels.ts';

const json = 'application/json';

const takenSchema = Type.Object(
  {
    line: Type.Optional(Type.Integer({ minimum: 1, description: 'Of the upload, counted from 1' })),
    status: Type.Union([Type.Literal('applied'), Type.Literal('parked'), Type.Literal('refused')]),
    predictions: Type.Optional(Type.Array(Type.String(), { description: 'That got it, or the id that it waits for' })),
    position: Type.Optional(Type.String({ description: 'Of the last of its events', examples: ['0:7:4211'] })),
    warnings: labelWarningsSchema,
    error: Type.Optional(Type.Ref('Problem')),
  },
  { description: 'What became of a label' },
);

const description = `Says what came true of a prediction that is named by its \`id\`, of those with a \`referenceId\`, or of those of an
\`entity\` in a window of time (\`from\`, \`to\`). A label that fits several predictions is given to all of them, or with
\`match: "latest"\` to the newest. What fits none is not refused but **parked**: a label of an unknown id counts as soon as there is such a
prediction, one of a referenceId or entity is given to the first prediction that it fits. A later label corrects an earlier one; one that
repeats the newest changes nothing; \`value: null\` takes it back. A value that means none of the classes of the model's version is kept like any
other, and \`warnings\` say so: live quality counts it as unscorable where the output has probabilities of classes.

As \`application/x-ndjson\` the body is a stream of labels, one a line, of at most 16 KiB each, 100,000 lines and 64 MiB; the answer has a line for
each, in their order. With an Idempotency-Key the same line of the same upload is the same label, however often and whenever it is sent.`;

/** A plugin of its own, because one of its bodies is a stream. */
export const labelRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { limits } = context;
    const uploads = acceptUploads(app, context);
    app.post(
      '/v1/labels',
      {
        config: { accepts: [json, ndjson], exactIntegers: true },
        bodyLimit: limits.uploadBytesMax,
        onRequest: async (request) => allowSlowBody(request),
        // One label is checked as a line of many is, which finds more than the schema alone.
        attachValidation: true,
        schema: {
          operationId: 'addLabels',
          summary: 'Say what came true, of one prediction or of many',
          description,
          tags: ['Labels'],
          headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ examples: ['labels-2026-04-01'] })) }),
          body: { content: { [json]: { schema: labelRequestSchema }, [ndjson]: { schema: Type.Any() } } },
          response: answers(
            {
              200: Type.Composite([takenSchema], { description: 'Lines of NDJSON, one for each line of the upload' }),
              202: Type.Composite([takenSchema], { description: 'The label is in the log' }),
            },
            'invalid-idempotency-key',
            'too-many-matches',
            'too-many-labels-waiting',
            'log-unavailable',
            'store-unavailable',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const taker = createLabelTaker(context, idempotencyKeyOf(request.headers));
        if (!isStream(request.body)) {
          const [outcome] = await taker.take([{ line: 1, label: checkedLabel(request.body) }]);
          if (!outcome || outcome instanceof Problem) throw outcome ?? new Error('The label has no outcome.');
          return reply.code(202).header('hindcast-position', outcome.position).send(outcome);
        }
        return uploads.answer(reply, request.body, {
          checked: checkedLabel,
          take: (lines) => taker.take(lines.map(({ line, value }) => ({ line, label: value }))),
          lineBytesMax: limits.labelLineBytesMax,
        });
      },
    );
  };
