import { type Job, Worker } from 'bullmq';
import { InferenceSession } from 'onnxruntime-node';
import { feedsOf, type Row } from '../session-run/feeds.ts';
import { concurrency, connection, queueName } from './queue.ts';

/** The worker: one job is one row, as BullMQ has no batches (its paid edition has). */
const session = await InferenceSession.create(process.env['MODEL'] ?? '', {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});

const predict = async ({ data }: Job<Row>) => {
  const { label, probabilities } = await session.run(feedsOf(session, data));
  return { label: label?.data[0], probabilities: Array.from(probabilities?.data as Float32Array) };
};

new Worker<Row>(queueName, predict, { connection, concurrency });
