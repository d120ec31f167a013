import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  isKnown,
  modelReferenceSchema,
  predictionBody,
  predictionSchema,
  shownPrediction,
} from '@hindcast/adapters/http';
import { DEFAULT_TENANT, type PredictionQuery, parseModelReference, STATUSES, type ViewReader } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { formatListCursor, parseListCursor } from './list-cursor.ts';
import { includeLabels } from './prediction-route.ts';
import type { QueryPorts } from './query-ports.ts';
import { timeOf, timeParameter } from './time-parameter.ts';
import { totalLag, viewLag } from './view-lag.ts';

/** As many as one request can ask for. */
export const listLimitMax = 1_000;
const listLimitDefault = 50;
/** A lag this old is still told: a list need not ask the log each time. */
const lagAgeMsMax = 1_000;

const name = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 256, description }));

const querystring = Type.Object(
  {
    status: Type.Optional(Type.Union(STATUSES.map((status) => Type.Literal(status)))),
    model: Type.Optional(modelReferenceSchema),
    entity: name('The customer, card, … that the request named'),
    referenceId: name("The client's own id"),
    batchId: name('Joins predictions of one request'),
    include: includeLabels,
    since: timeParameter('Accepted at or after'),
    until: timeParameter('Accepted before'),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: listLimitMax, description: `Default ${listLimitDefault}` }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 256, description: '`nextCursor` of the page before' })),
  },
  { additionalProperties: false },
);

const pageSchema = Type.Object(
  {
    data: Type.Array(predictionSchema),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page' }),
  },
  { description: 'Newest first. Hindcast-View-Lag: records of the log that the list does not know yet' },
);

const filterOf = (query: Static<typeof querystring>): Omit<PredictionQuery, 'limit' | 'before'> => {
  const since = timeOf('since', query.since);
  const until = timeOf('until', query.until);
  return {
    tenant: DEFAULT_TENANT,
    ...(query.status === undefined ? undefined : { status: query.status }),
    ...(query.model === undefined ? undefined : parseModelReference(query.model)),
    ...(query.entity === undefined ? undefined : { entity: query.entity }),
    ...(query.referenceId === undefined ? undefined : { referenceId: query.referenceId }),
    ...(query.batchId === undefined ? undefined : { batchId: query.batchId }),
    ...(since === undefined ? undefined : { since }),
    ...(until === undefined ? undefined : { until }),
  };
};

/** The same page, further on: every parameter stays as it was given. */
const nextLink = (url: string, cursor: string): string => {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  query.set('cursor', cursor);
  return `</v1/predictions?${query.toString()}>; rel="next"`;
};

export const predictionListRoute =
  ({ log, identity }: QueryPorts, views: ViewReader): FastifyPluginAsyncTypebox =>
  async (app) => {
    let lag: Promise<number> | undefined;
    let lagAt = 0;
    const lagNow = (): Promise<number> => {
      const now = identity.now();
      if (lag && now - lagAt < lagAgeMsMax) return lag;
      lagAt = now;
      const asked = viewLag(log, views, 'prediction-status').then(totalLag);
      asked.catch(() => {
        lag = undefined;
      });
      lag = asked;
      return asked;
    };

    app.get(
      '/v1/predictions',
      {
        schema: {
          operationId: 'listPredictions',
          summary: 'Predictions, newest first',
          tags: ['Predictions'],
          querystring,
          response: answers({ 200: pageSchema }, 'invalid-cursor', 'store-unavailable', 'log-unavailable'),
        },
      },
      async (request, reply) => {
        const { query } = request;
        const limit = query.limit ?? listLimitDefault;
        const filter = filterOf(query);
        const before = query.cursor === undefined ? undefined : parseListCursor(query.cursor, filter, identity.sha256);
        const [found, behind] = await Promise.all([
          views.predictions({ ...filter, limit: limit + 1, ...(before === undefined ? undefined : { before }) }),
          lagNow(),
        ]);
        const docs = found.filter(isKnown);
        const page = docs.slice(0, limit);
        const last = page.at(-1);
        const nextCursor =
          last && docs.length > limit
            ? formatListCursor({ at: last.state.request.at, id: last.id }, filter, identity.sha256)
            : null;
        reply.header('cache-control', 'no-store').header('hindcast-view-lag', String(behind));
        if (nextCursor !== null) reply.header('link', nextLink(request.url, nextCursor));
        return reply.send({
          data: page.map((doc) => predictionBody(shownPrediction(doc, query.include !== undefined))),
          nextCursor,
        });
      },
    );
  };
