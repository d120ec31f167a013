import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Column, Run } from './runner.ts';

/** Runs what it is sent, one run after the other, and answers with all values of each output. */
const session = await InferenceSession.create(process.argv[2] ?? '', {
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});

const send = (message: unknown): void => void process.send?.(message);

process.on('message', async (columns: readonly Column[]) => {
  const feeds = Object.fromEntries(
    columns.map(({ name, shape, values }) => [
      name,
      // What a message holds lies at any address, and where vector instructions begin changes how sums round.
      values instanceof Float32Array
        ? new Tensor('float32', values.slice(), shape)
        : new Tensor('string', values, shape),
    ]),
  );
  const startedAt = performance.now();
  const results = await session.run(feeds);
  const inferenceMs = performance.now() - startedAt;
  const outputs = session.outputNames.map((name) => ({ name, values: results[name]?.data }));
  send({ outputs, inferenceMs } as Run);
});

send({
  texts: session.inputNames.filter((_, at) => {
    const input = session.inputMetadata[at];
    return input?.isTensor === true && input.type === 'string';
  }),
  inputs: session.inputNames,
});
