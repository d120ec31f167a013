import { Job, Queue, QueueEvents } from 'bullmq';
import fastify from 'fastify';
import { churnRow } from '../fastify/churn-row.ts';
import type { Row } from '../session-run/feeds.ts';
import { connection, queueName } from './queue.ts';

/** The front door: rows become jobs, in Redis before the answer. */
const queue = new Queue<Row>(queueName, { connection });
const waitMsMax = 30_000;
const rowsMax = 1_000;

const door = fastify();

const many = {
  type: 'object',
  required: ['inputs'],
  properties: { inputs: { type: 'array', maxItems: rowsMax, items: churnRow } },
};
const one = { type: 'object', required: ['input'], properties: { input: churnRow } };

door.post<{ Body: { input: Row } }>('/predict', { schema: { body: one } }, async ({ body }, reply) => {
  const { id } = await queue.add('predict', body.input);
  return reply.code(202).send({ id });
});

door.post<{ Body: { inputs: Row[] } }>('/predict-many', { schema: { body: many } }, async ({ body }, reply) => {
  const jobs = await queue.addBulk(body.inputs.map((data) => ({ name: 'predict', data })));
  return reply.code(202).send({ ids: jobs.map(({ id }) => id) });
});

/** Opened by the first that waits: it listens to what happens to every job, and that has its price. */
let events: QueueEvents | undefined;

door.post<{ Body: { input: Row } }>('/predict-and-wait', { schema: { body: one } }, async ({ body }) => {
  events ??= new QueueEvents(queueName, { connection });
  await events.waitUntilReady();
  const job = await queue.add('predict', body.input);
  return job.waitUntilFinished(events, waitMsMax);
});

door.get<{ Params: { id: string } }>('/results/:id', async ({ params }, reply) => {
  const job = await Job.fromId<Row>(queue, params.id);
  return job?.finishedOn === undefined ? reply.code(404).send() : job.returnvalue;
});

door.get('/completed', () => queue.getCompletedCount());

await door.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
