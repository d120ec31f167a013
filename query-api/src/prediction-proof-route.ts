import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, type OpenEnds, type PredictionReading, predictionIdSchema, problem } from '@hindcast/adapters/http';
import { DEFAULT_TENANT, formatPosition, keyOf } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { type ProvenEvent, predictionProof } from './prediction-proof.ts';
import { positionHeader } from './prediction-route.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { seenPositions } from './request-headers.ts';
import { streamed } from './streamed-reply.ts';

const provenEventSchema = Type.Object(
  {
    position: Type.String({ examples: ['0:7:4211'] }),
    type: Type.String({ examples: ['PredictionRequested'] }),
    leaf: Type.String({
      description: 'The bytes that stand for the record, base64; docs/audit.md says how they are made',
    }),
    index: Type.Integer({ description: 'Its place in the tree: the offset' }),
    size: Type.Integer({ description: 'Of the tree' }),
    path: Type.Array(Type.String(), { description: 'Hashes from the leaf to the root (RFC 6962), base64' }),
    checkpoint: Type.String({ description: 'The signed note with the root' }),
  },
  { $id: 'ProvenEvent', description: 'That an event is in the log that was signed' },
);

const description = `That the events of a prediction are in the log, each by its leaf, the path to the root of the tree and a
signed checkpoint with that root. \`pending\` lists events that are not signed for yet, which takes some seconds.`;

/** The first member that fails tells of a log that was changed: then nothing else is said. */
const firstOf = async (events: AsyncGenerator<ProvenEvent | undefined>): Promise<ProvenEvent> => {
  const { value } = await events.next();
  if (!value) throw problem('log-changed', 'The records that this proof needs are not those that were signed.');
  return value;
};

async function* body(
  head: { readonly id: string; readonly key: string; readonly pending: readonly string[] },
  first: ProvenEvent,
  rest: AsyncGenerator<ProvenEvent | undefined>,
): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"events":[${JSON.stringify(first)}`;
  for await (const event of rest) {
    if (!event) throw new Error('The records that the proof needs are not those that were signed.');
    yield `,${JSON.stringify(event)}`;
  }
  yield ']}';
}

export const predictionProofRoute =
  (ports: QueryPorts, limits: QueryLimits, reading: PredictionReading, replays: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    const proof = predictionProof(ports.log, ports.auditCrypto);
    app.get(
      '/v1/predictions/:id/proof',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'getPredictionProof',
          summary: 'The proof that a prediction is in the signed log',
          description,
          tags: ['Predictions', 'Audit'],
          params: Type.Object({ id: predictionIdSchema }),
          headers: Type.Object({ 'hindcast-position': positionHeader }),
          response: answers(
            {
              200: Type.Object(
                {
                  id: Type.String(),
                  key: Type.String({ description: 'The public key, as the log names it' }),
                  pending: Type.Array(Type.String(), {
                    description: 'Positions of events that are not signed for yet',
                  }),
                  events: Type.Array(Type.Composite([provenEventSchema])),
                },
                { description: 'In the order of the log' },
              ),
            },
            'unknown-prediction',
            'proof-not-ready',
            'log-changed',
            'view-behind',
            'store-unavailable',
            'log-unavailable',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const open = replays.of(reply.raw);
        let streaming = false;
        try {
          const signal = open.signal();
          const { id } = request.params;
          const seen = seenPositions(request.headers);
          const doc = await reading.find(keyOf(DEFAULT_TENANT, id), { seen, labels: true }, open);
          const { epoch, partition } = doc;
          const offsets = doc.state.history.map(({ offset }) => offset).sort((a, b) => a - b);
          const { covered, pending } = await proof.plan(partition, offsets);
          const [start] = covered;
          if (!start) {
            throw problem('proof-not-ready', `None of its ${offsets.length} events is signed for yet.`, {
              headers: { 'retry-after': '5' },
            });
          }
          const events = proof.prove(covered, epoch);
          const first = await firstOf(events);
          const head = {
            ...{ id, key: start.stretch.key },
            pending: pending.map((offset) => formatPosition({ epoch, partition, offset })),
          };
          const { logger } = ports;
          const cut = () => reply.raw.destroy();
          streaming = true;
          return await reply
            .headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
            .send(streamed(body(head, first, events), { signal, logger, stalledMsMax: limits.stalledMsMax, cut }));
        } finally {
          if (!streaming) open.release();
        }
      },
    );
  };
