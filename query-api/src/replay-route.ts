import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, type OpenEnds, problem } from '@hindcast/adapters/http';
import {
  DEFAULT_TENANT,
  eventData,
  formatPositions,
  missingModel,
  modelNamePattern,
  openReplay,
  type Replay,
  type ReplayQuery,
  type ReplayRefusal,
  readModels,
  replayLine,
  unknownEventTypeDetail,
} from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { streamed } from './streamed-reply.ts';
import { timeOf, timeParameter } from './time-parameter.ts';
import { topicNameSchema, topics } from './topic-names.ts';

/** Lines are handed on in pieces of about this size. */
const pieceCharsMax = 65_536;
const typesMax = 32;

/** Two such lists, escaped for a URL, still fit into the headers of a request. */
const positionsCharsMax = 2_560;
const positions = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: positionsCharsMax, description }));

const querystring = Type.Object(
  {
    topic: Type.Optional(topicNameSchema('Default: predictions')),
    partition: Type.Optional(Type.Integer({ minimum: 0, description: 'One partition only' })),
    from: positions('Positions to start at (`0:0:117,0:1:98`), or the `cursor` of the last line that is known'),
    to: positions(
      'Positions to end before, of every partition that is read; default: where the log ends when the replay starts',
    ),
    since: timeParameter('Stored by the log at or after'),
    until: timeParameter('Stored by the log before'),
    type: Type.Optional(
      Type.String({
        maxLength: 1_024,
        description: `Types of events, with commas between: of ${Object.keys(eventData).join(', ')}`,
        examples: ['PredictionRequested,PredictionSucceeded'],
      }),
    ),
    model: Type.Optional(
      Type.String({
        pattern: modelNamePattern,
        examples: ['churn'],
        description: 'Only events that name the model: requests, and the events of the model itself',
      }),
    ),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, description: 'Lines at most' })),
  },
  { additionalProperties: false },
);

const lineSchema = Type.Object(
  {
    position: Type.String({ examples: ['0:7:4211'] }),
    cursor: Type.String({ description: '`from` of a request that goes on behind this line, to the same end' }),
    key: Type.String(),
    appendedAt: Type.Integer({ description: 'When the log stored it, ms since 1970' }),
    event: Type.Optional(Type.Unknown({ description: 'A CloudEvent, as /asyncapi.json describes it' })),
    error: Type.Optional(
      Type.Object({
        code: Type.Union([Type.Literal('undecodable'), Type.Literal('unknown_type')]),
        detail: Type.String(),
      }),
    ),
    value: Type.Optional(Type.String({ description: 'What is stored, where it cannot be decoded' })),
  },
  { $id: 'ReplayLine', description: 'A record of the log' },
);

const description = `One JSON object a line, with a record of the log each: partition after partition, in the order of the
offsets. Where the replay ends is fixed when it starts, and told in \`Hindcast-Log-End\`; that text is the \`from\` of a
later replay of what came since. A replay that was broken off goes on from the \`cursor\` of the last whole line, with the
same filter, and together they give the same lines as one that was not. Events are as the log has them: an input or output
over 256 KiB is an \`inputRef\` or \`outputRef\`, and is read from /v1/predictions/{id}/input or /output.`;

const invalidType = (detail: string) => problem('invalid-parameter', detail, { errors: [{ pointer: 'type', detail }] });

const queryOf = (query: Static<typeof querystring>): ReplayQuery => {
  const since = timeOf('since', query.since);
  const until = timeOf('until', query.until);
  const types = query.type?.split(',');
  const unknown = types?.find((type) => !Object.hasOwn(eventData, type));
  if (unknown !== undefined) throw invalidType(unknownEventTypeDetail(unknown));
  if (types && types.length > typesMax) throw invalidType(`At most ${typesMax} types may be named.`);
  return {
    topic: topics[query.topic ?? 'predictions'],
    ...(query.partition === undefined ? undefined : { partition: query.partition }),
    ...(query.from === undefined ? undefined : { from: query.from }),
    ...(query.to === undefined ? undefined : { to: query.to }),
    ...(since === undefined ? undefined : { since }),
    ...(until === undefined ? undefined : { until }),
    ...(types === undefined ? undefined : { types }),
    ...(query.model === undefined ? undefined : { model: query.model }),
    ...(query.tenant === undefined ? undefined : { tenant: query.tenant }),
    ...(query.limit === undefined ? undefined : { limit: query.limit }),
  };
};

const refused = ({ code, detail, text }: ReplayRefusal): Error =>
  code === 'gone'
    ? problem('position-gone', detail)
    : problem('invalid-parameter', detail, { errors: [{ pointer: text ?? 'from', detail }] });

/**
 * Pages without a line come through as nothing, but let go of the log when nobody listens any more. A replay that the
 * shutdown cuts short fails, so that its client does not take the part for the whole.
 */
async function* lines(replay: Replay, signal: AbortSignal): AsyncGenerator<string> {
  let piece = '';
  for await (const page of replay.pages()) {
    if (signal.aborted) throw new Error('The replay was broken off.');
    for (const record of page.records) {
      piece += `${replayLine(record)}\n`;
      if (piece.length < pieceCharsMax) continue;
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}

export const replayRoute =
  ({ log, logger }: QueryPorts, limits: QueryLimits, replays: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/events',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'replayEvents',
          summary: 'Read a stretch of the log again',
          description,
          tags: ['Events'],
          querystring,
          produces: ['application/x-ndjson'],
          response: answers(
            {
              200: Type.Composite([lineSchema], { description: 'Lines of NDJSON, streamed' }),
            },
            'unknown-model',
            'position-gone',
            'too-many-waiting',
            'log-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const query = queryOf(request.query);
        const open = replays.of(reply.raw);
        const signal = open.signal();
        try {
          const replay = await openReplay(log, query);
          if (!replay.ok) throw refused(replay.refusal);
          const { model, tenant = DEFAULT_TENANT } = query;
          const missing =
            model === undefined ? undefined : await missingModel(log, await readModels(log), { model, tenant, signal });
          if (missing !== undefined) throw problem('unknown-model', missing);
          const cut = () => reply.raw.destroy();
          reply.headers({
            'content-type': 'application/x-ndjson',
            'cache-control': 'no-store',
            'hindcast-log-end': formatPositions(replay.end),
            'x-accel-buffering': 'no',
          });
          return reply.send(
            streamed(lines(replay, signal), { signal, logger, stalledMsMax: limits.stalledMsMax, cut }),
          );
        } catch (error) {
          open.release();
          throw error;
        }
      },
    );
  };
