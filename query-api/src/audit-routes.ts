import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, type OpenEnds, problem } from '@hindcast/adapters/http';
import { auditExportHead, auditLine, LogError, readRecentStretches } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { streamed } from './streamed-reply.ts';
import { topicNameSchema, topics } from './topic-names.ts';

/** Lines are handed on in pieces of about this size. */
const pieceCharsMax = 65_536;
const tags = ['Audit'];

const checkpointSchema = Type.Object(
  {
    topic: Type.String({ examples: [topics.predictions] }),
    partition: Type.Integer(),
    size: Type.Integer({ description: 'How many records it vouches for: those before this offset' }),
    note: Type.String({
      description: 'The checkpoint as a signed note (C2SP tlog-checkpoint): origin, size, root, signature',
    }),
  },
  { $id: 'AuditCheckpoint', description: 'What a notary vouches for' },
);

const recordSchema = Type.Object(
  {
    topic: Type.String(),
    partition: Type.Integer(),
    offset: Type.Integer(),
    appendedAt: Type.Integer({ description: 'When the log stored it, ms since 1970' }),
    key: Type.String(),
    headers: Type.Record(Type.String(), Type.String()),
    value: Type.String({ description: 'As it is stored' }),
  },
  { $id: 'StoredRecord', description: 'A record as the log stored it: what its leaf in the tree is made of' },
);

const headSchema = Type.Object(
  {
    hindcastExport: Type.Literal(1),
    logId: Type.String(),
    epoch: Type.Integer(),
    topics: Type.Array(Type.Object({ topic: Type.String(), ends: Type.Array(Type.Integer()) })),
  },
  { description: 'The log, its topics, and where each partition ends' },
);

const partitionParameter = Type.Integer({ minimum: 0 });
const offset = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));

export const auditRoutes =
  ({ log, logger }: QueryPorts, limits: QueryLimits, replays: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/audit/key',
      {
        schema: {
          operationId: 'getAuditKey',
          summary: 'The public key that checkpoints are signed with',
          description:
            'As the newest checkpoint names it, in the form that tools for signed notes read. An auditor keeps it from ' +
            'the first day on: a key that is fetched together with what it signed proves little.',
          tags,
          produces: ['text/plain'],
          response: answers(
            { 200: Type.String({ description: 'name+id+base64', examples: ['hindcast/0198c0de+55b07df0+Aepk'] }) },
            'no-checkpoint',
            'log-unavailable',
          ),
        },
      },
      async (_request, reply) => {
        const { stretches } = await readRecentStretches(log);
        const newest = [...stretches.values()].sort((a, b) => a.offset - b.offset).at(-1);
        if (!newest) throw problem('no-checkpoint', 'Nothing was signed yet.');
        return reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(`${newest.key}\n`);
      },
    );

    app.get(
      '/v1/audit/checkpoints',
      {
        schema: {
          operationId: 'listAuditCheckpoints',
          summary: 'The newest signed checkpoint of each partition',
          description: 'Copy the notes to where nobody who can change the log can change them.',
          tags,
          querystring: Type.Object(
            {
              topic: Type.Optional(topicNameSchema('Only of this topic')),
              partition: Type.Optional(partitionParameter),
            },
            { additionalProperties: false },
          ),
          response: answers(
            {
              200: Type.Object(
                { data: Type.Array(Type.Composite([checkpointSchema])) },
                { description: 'By topic and partition' },
              ),
            },
            'log-unavailable',
          ),
        },
      },
      async ({ query }, reply) => {
        const { stretches } = await readRecentStretches(log);
        const data = [...stretches.values()]
          .map(({ checkpoint: { topic, partition, size }, note }) => ({ topic, partition, size, note }))
          .filter(({ topic }) => query.topic === undefined || topic === topics[query.topic])
          .filter(({ partition }) => query.partition === undefined || partition === query.partition)
          .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
        return reply.header('cache-control', 'no-store').send({ data });
      },
    );

    app.get(
      '/v1/audit/log',
      {
        schema: {
          operationId: 'describeLog',
          summary: 'Which log this is, and where its partitions end',
          tags,
          response: answers({ 200: headSchema }, 'log-unavailable'),
        },
      },
      async (_request, reply) => reply.header('cache-control', 'no-store').send(await auditExportHead(log)),
    );

    app.get(
      '/v1/audit/records',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'exportRecords',
          summary: 'Records of one partition exactly as they are stored',
          description: 'One JSON object a line: what an auditor needs to make the leaves of the tree again.',
          tags,
          querystring: Type.Object(
            {
              topic: topicNameSchema('Which topic'),
              partition: partitionParameter,
              from: offset('First offset; default 0'),
              to: offset('First offset not to read; default: where the partition ends now'),
            },
            { additionalProperties: false },
          ),
          produces: ['application/x-ndjson'],
          response: answers(
            {
              200: Type.Composite([recordSchema], {
                description: 'Lines of NDJSON, streamed; a last line with `damaged` alone says what could not be read',
              }),
            },
            'too-many-waiting',
            'log-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { topic, partition, from = 0, to } = request.query;
        const open = replays.of(reply.raw);
        const signal = open.signal();
        try {
          const bounds = (await log.bounds(topics[topic])).find((one) => one.partition === partition);
          if (!bounds) {
            const detail = `${topic} has no such partition.`;
            throw problem('invalid-parameter', detail, { errors: [{ pointer: 'partition', detail }] });
          }
          const end = Math.min(to ?? bounds.end, bounds.end);
          const range = { topic: topics[topic], partition, from: Math.max(from, bounds.start), to: end };
          const cut = () => reply.raw.destroy();
          const options = { signal, logger, stalledMsMax: limits.stalledMsMax, cut };
          return reply
            .headers({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
            .send(streamed(lines(log.read(range), signal), options));
        } catch (error) {
          open.release();
          throw error;
        }
      },
    );
  };

/** What cannot be read ends the export with a line that says so: a cut connection would look like a network that failed. */
async function* lines(pages: ReturnType<QueryPorts['log']['read']>, signal: AbortSignal): AsyncGenerator<string> {
  let piece = '';
  try {
    for await (const page of pages) {
      if (signal.aborted) throw new Error('The export was broken off.');
      for (const record of page) {
        piece += `${auditLine(record)}\n`;
        if (piece.length < pieceCharsMax) continue;
        yield piece;
        piece = '';
      }
    }
  } catch (error) {
    if (!(error instanceof LogError) || !['damaged', 'foreign_log'].includes(error.code)) throw error;
    piece += `${JSON.stringify({ damaged: error.message })}\n`;
  }
  if (piece !== '') yield piece;
}
