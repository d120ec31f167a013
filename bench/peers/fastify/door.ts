import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { churnRow } from './churn-row.ts';

/** What an HTTP request costs in Node before anything is done with it: parsed, checked, and answered with an id. */
const door = fastify();

const body = {
  type: 'object',
  required: ['model', 'input'],
  properties: { model: { type: 'string' }, input: churnRow },
};
const answer = { type: 'object', properties: { id: { type: 'string' } } };

door.post('/predict', { schema: { body, response: { 202: answer } } }, async (_request, reply) =>
  reply.code(202).send({ id: randomUUID() }),
);

await door.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
