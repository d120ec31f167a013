import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  classicInterface,
  oneOfMissing,
  predictionIdSchema,
  predictionSchema,
  problem,
  traceparentOf,
  waitSecondsOf,
} from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerMany, answerSubmitted, manyReceiptSchema } from './answer-submission.ts';
import type { CommandContext } from './command-ports.ts';
import { idsUnderKey } from './ids-under-key.ts';
import { receiptSchema } from './prediction-receipt.ts';
import {
  inputMembers,
  onePredictionSchema,
  type PredictionRequest,
  predictionRequestSchema,
} from './prediction-request.ts';
import type { Manner } from './prepare-prediction.ts';
import { cancelAfterMsOf, durationPattern, idempotencyKeyOf } from './request-manner.ts';
import { type ManySubmission, submitMany } from './submit-many.ts';
import { type KeyedId, submitPrediction } from './submit-prediction.ts';
import type { Watches } from './watch-predictions.ts';

const refusals = [
  'unknown-model',
  'unknown-model-version',
  'model-version-retired',
  'invalid-input',
  'invalid-idempotency-key',
  'invalid-parameter',
  'idempotency-in-flight',
  'idempotency-key-reused',
  'backlog-too-long',
  'log-unavailable',
  'store-unavailable',
  'view-behind',
  'too-many-waiting',
  'catalog-behind',
  'model-quarantined',
] as const;

const response = answers(
  {
    201: Type.Composite([predictionSchema], {
      description: 'Ended within `Prefer: wait`, or before a repeat came: the same as GET shows',
    }),
    202: Type.Union([receiptSchema, manyReceiptSchema], { description: 'Accepted, and durable' }),
  },
  ...refusals,
);

const description = 'A key makes a repeat safe: it gets the answer of the first request.';

const header = (description: string, example: string, pattern?: string) =>
  Type.Optional(
    Type.String({ description, examples: [example], ...(pattern === undefined ? undefined : { pattern }) }),
  );
const keyHeader = {
  'Idempotency-Key': header('1 to 255 printable ASCII characters, quoted or bare', '"8e03978e-40d5-43e8-bc93"'),
};
const mannerHeaders = {
  Prefer: header(
    'wait=N: up to 60 seconds. An answer that was waited for says so in Preference-Applied; a request with items is not waited for',
    'wait=5',
  ),
  'Cancel-After': header('The deadline: 500ms, 30s, 1m, 2h; seconds without a unit', '1m', durationPattern),
  traceparent: header('W3C trace context', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
};

export const predictionRoutes =
  (context: CommandContext, watches: Watches): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { limits, ports, tenant } = context;

    const mannerOf = ({ headers }: FastifyRequest): Manner => ({
      deadlineMs: cancelAfterMsOf(headers, limits.deadlineMsMax),
      traceparent: traceparentOf(headers),
    });

    const submit = (request: FastifyRequest, reply: FastifyReply, body: PredictionRequest) => {
      const key = idempotencyKeyOf(request.headers);
      const { model, items } = body;
      if (items) {
        refuseBeside(body);
        return submitItems(reply, { model, items, pointer: '/items', key, manner: mannerOf(request) });
      }
      const under = key === undefined ? undefined : idsUnderKey(ports.identity, tenant, key);
      return submitOne(request, reply, body, under && { id: under.lead, under });
    };

    const submitItems = async (reply: FastifyReply, submission: ManySubmission) =>
      answerMany(context, reply, await submitMany(context, submission));

    const submitOne = async (
      request: FastifyRequest,
      reply: FastifyReply,
      body: PredictionRequest,
      keyed: KeyedId | undefined,
    ) => {
      if (!hasInput(body)) {
        throw problem('invalid-body', 'Neither input nor items is given.', { errors: [oneOfMissing(inputMembers)] });
      }
      if (request.bodyBytes > limits.predictionBytesMax) {
        throw problem('body-too-large', `One prediction may have at most ${limits.predictionBytesMax} bytes.`);
      }
      const waitSeconds = waitSecondsOf(request.headers);
      const submission = {
        model: body.model,
        item: body,
        keyed,
        manner: mannerOf(request),
        waitMs: (waitSeconds ?? 0) * 1_000,
      };
      return answerSubmitted(context, reply, await submitPrediction(context, watches, submission), waitSeconds);
    };

    for (const [url, operationId, summary, said] of [
      ['/v1/predictions', 'requestPrediction', 'Request one prediction or many', description],
      ['/predict', 'predict', 'Alias of POST /v1/predictions', `${classicInterface} ${description}`],
    ] as const) {
      app.post(
        url,
        {
          bodyLimit: limits.batchBytesMax,
          schema: {
            operationId,
            summary,
            description: said,
            tags: ['Predictions'],
            headers: Type.Object({ ...keyHeader, ...mannerHeaders }),
            body: predictionRequestSchema,
            response,
          },
        },
        (request, reply) => submit(request, reply, request.body),
      );
    }

    app.put(
      '/v1/predictions/:id',
      {
        bodyLimit: limits.predictionBytesMax,
        schema: {
          operationId: 'putPrediction',
          summary: 'Request a prediction under an id of your own',
          description: `The id is the idempotency key. ${description}`,
          tags: ['Predictions'],
          headers: Type.Object(mannerHeaders),
          params: Type.Object({ id: predictionIdSchema }),
          body: onePredictionSchema,
          response,
        },
      },
      async (request, reply) => {
        if (request.headers['idempotency-key'] !== undefined) {
          throw problem('invalid-idempotency-key', 'The id in the path is the key of this request.');
        }
        return submitOne(request, reply, request.body, { id: request.params.id, under: undefined });
      },
    );
  };

const hasInput = (body: PredictionRequest): body is PredictionRequest & { readonly input: unknown } =>
  body.input !== undefined;

/** With `items`, everything that can differ between items stands in the items. */
const refuseBeside = (body: PredictionRequest): void => {
  const beside = Object.keys(body).filter((name) => name !== 'model' && name !== 'items');
  const errors = beside.map((name) => ({
    pointer: `/${name}`,
    detail: 'Cannot be given beside items; each item has its own.',
  }));
  if (errors.length > 0) throw problem('invalid-body', 'Give either one prediction or items.', { errors });
};
