import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, problem } from '@hindcast/adapters/http';
import {
  DEFAULT_TENANT,
  type LabelEntry,
  type LabelsDoc,
  labelAddressProperties,
  type PredictionDoc,
  predictionLabeledData,
  type ViewReader,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

const pageMax = 200;
const pageDefault = 50;

const waitingSchema = Type.Object(
  {
    status: Type.Literal('parked'),
    id: Type.Optional(Type.String({ description: 'The prediction that it waits for, where it was named' })),
    ...labelAddressProperties,
    ...predictionLabeledData.properties,
    recordedAt: Type.String({ format: 'date-time', description: 'When the log stored it' }),
  },
  { description: 'A label without a prediction' },
);

type Waiting = Readonly<Record<string, unknown>>;
const parked = (label: object, at: number): Waiting => ({
  status: 'parked',
  ...label,
  recordedAt: new Date(at).toISOString(),
});

const ofId = ({ id, state }: PredictionDoc): readonly Waiting[] =>
  state.labels.map(({ offset: _, at, revision: __, ...label }: LabelEntry) => parked({ id, ...label }, at));
const ofAddress = ({ state }: LabelsDoc): readonly Waiting[] =>
  state.waiting.map(({ report, at }) => parked(report, at));

/** Two lists one after the other, each by key: `i` are ids, `a` are addresses. */
const cursorForm = /^([ia])(.{0,512})$/su;
const cursorOf = (list: 'i' | 'a', key: string): string => Buffer.from(`${list}${key}`).toString('base64url');
const placeOf = (cursor: string | undefined): { readonly list: 'i' | 'a'; readonly after: string } => {
  if (cursor === undefined) return { list: 'i', after: '' };
  const [, list, after] = cursorForm.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (list === undefined || after === undefined) throw problem('invalid-cursor', 'This is no cursor of this list.');
  return { list: list as 'i' | 'a', after };
};

export const labelsRoute =
  (views: ViewReader): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/labels',
      {
        schema: {
          operationId: 'listParkedLabels',
          summary: 'Labels that wait for their prediction',
          description:
            'By id first, then by referenceId or entity. `limit` counts ids and addresses: each of them may have several labels, all of which are listed.',
          tags: ['Labels'],
          querystring: Type.Object(
            {
              status: Type.Optional(
                Type.Literal('parked', { description: 'What else there is, is read with its prediction' }),
              ),
              limit: Type.Optional(
                Type.Integer({ minimum: 1, maximum: pageMax, description: `Default: ${pageDefault}` }),
              ),
              cursor: Type.Optional(
                Type.String({ minLength: 1, maxLength: 1_024, description: '`nextCursor` of the last page' }),
              ),
            },
            { additionalProperties: false },
          ),
          response: answers(
            {
              200: Type.Object(
                { data: Type.Array(waitingSchema), nextCursor: Type.Optional(Type.String()) },
                { description: 'In the order of their ids, or of what they name' },
              ),
            },
            'invalid-cursor',
            'store-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { limit = pageDefault, cursor } = request.query;
        const { list, after } = placeOf(cursor);
        reply.header('cache-control', 'no-store');
        const page = { tenant: DEFAULT_TENANT, limit, ...(after === '' ? undefined : { after }) };
        if (list === 'i') {
          const docs = await views.unrequested(page);
          const last = docs.at(-1);
          const nextCursor = last && docs.length === limit ? cursorOf('i', last.key) : undefined;
          if (nextCursor) return reply.send({ data: docs.flatMap(ofId), nextCursor });
          const left = limit - docs.length;
          const more = await views.waitingLabels({ tenant: DEFAULT_TENANT, limit: left });
          return reply.send({ data: [...docs.flatMap(ofId), ...more.flatMap(ofAddress)], ...nextOf(more, left) });
        }
        const docs = await views.waitingLabels(page);
        return reply.send({ data: docs.flatMap(ofAddress), ...nextOf(docs, limit) });
      },
    );
  };

const nextOf = (docs: readonly LabelsDoc[], limit: number): { readonly nextCursor?: string } => {
  const last = docs.at(-1);
  return last && docs.length === limit ? { nextCursor: cursorOf('a', last.key) } : {};
};
