import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, type OpenEnds, problem } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import { consistencyProof, consistencyRecordsMax } from './consistency-proof.ts';
import type { QueryPorts } from './query-ports.ts';
import { topicNameSchema, topics } from './topic-names.ts';

const size = (description: string) =>
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description, examples: [5] });

const proofSchema = Type.Object(
  {
    topic: Type.String({ examples: [topics.predictions] }),
    partition: Type.Integer(),
    oldSize: size('Of the older tree'),
    size: size('Of the newer tree'),
    path: Type.Array(Type.String(), { description: 'Hashes (RFC 9162, 2.1.4), base64; none where both are one tree' }),
    checkpoint: Type.String({ description: 'The signed note with the root of the newer tree' }),
    key: Type.String({ description: 'The public key, as the log names it' }),
  },
  { $id: 'ConsistencyProof', description: 'That a tree which was signed begins with an older one' },
);

export const auditConsistencyRoute =
  ({ log, auditCrypto }: QueryPorts, replays: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const prove = consistencyProof(log, auditCrypto);
    app.get(
      '/v1/audit/consistency',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'getConsistencyProof',
          summary: 'The proof that a checkpoint only adds to an older one',
          description:
            'Whoever has kept the root of an older checkpoint checks with it that nothing which that one vouched for was ' +
            `changed since, without reading the log. Where more than ${consistencyRecordsMax} records lie between the two, ` +
            'ask step by step, with `to` the size of a checkpoint between them.',
          tags: ['Audit'],
          querystring: Type.Object(
            {
              topic: topicNameSchema('Which topic'),
              partition: Type.Integer({ minimum: 0 }),
              from: size('Size of the older checkpoint'),
              to: Type.Optional(size('Size of the newer one; default: the newest')),
            },
            { additionalProperties: false },
          ),
          response: answers(
            { 200: Type.Composite([proofSchema]) },
            'no-checkpoint',
            'log-changed',
            'log-unavailable',
            'too-many-waiting',
          ),
        },
      },
      async ({ query: { topic, partition, from, to } }, reply) => {
        if (to !== undefined && to < from) throw invalid('to', 'The newer checkpoint is not the larger one.');
        const open = replays.of(reply.raw);
        try {
          const proven = await prove({ topic: topics[topic], partition, oldSize: from, size: to });
          if (proven.ok) return await reply.header('cache-control', 'no-store').send(proven.proof);
          switch (proven.why) {
            case 'not signed':
              throw problem('no-checkpoint', `${topic}/${partition} has no checkpoints of these sizes.`);
            case 'changed':
              throw problem('log-changed', 'The records that this proof needs are not those that were signed.');
            case 'too long':
              throw invalid(
                'to',
                `${proven.records} records are to be hashed: ask for a checkpoint nearer to \`from\`.`,
              );
            default:
              return proven satisfies never;
          }
        } finally {
          open.release();
        }
      },
    );
  };

const invalid = (pointer: string, detail: string) =>
  problem('invalid-parameter', detail, { errors: [{ pointer, detail }] });
