import { InferenceSession, Tensor } from 'onnxruntime-node';
import { feedsOf, type Row } from './feeds.ts';

/**
 * The least that a prediction can cost: `session.run` on tensors that are made beforehand, no HTTP, nothing kept. Takes a
 * model, its rows as JSON, seconds, and how many rows a run has (1); writes rows a second, and the CPU time of each.
 */
const [model = '', text = '', seconds = '', each = '1'] = process.argv.slice(2);
const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const single = (JSON.parse(text) as Row[]).map((row) => feedsOf(session, row));

/** Tensors of one row each, as one tensor with all of them. */
const stacked = (tensors: readonly Tensor[]): Tensor => {
  const [{ type, dims }] = tensors as [Tensor];
  const values = tensors.flatMap(({ data }) => Array.from(data as Iterable<string | number>));
  return new Tensor(type as 'float32', values as number[], [tensors.length, ...dims.slice(1)]);
};
const together = (first: number) =>
  Object.fromEntries(
    session.inputNames.map((name) => [
      name,
      stacked(Array.from({ length: Number(each) }, (_, at) => single[(first + at) % single.length]?.[name] as Tensor)),
    ]),
  );
const feeds = Number(each) === 1 ? single : single.map((_, first) => together(first));

const runFor = async (ms: number): Promise<{ readonly done: number; readonly seconds: number }> => {
  const startedAt = performance.now();
  let done = 0;
  while (performance.now() - startedAt < ms) {
    for (const feed of feeds) await session.run(feed);
    done += feeds.length * Number(each);
  }
  return { done, seconds: (performance.now() - startedAt) / 1_000 };
};

await runFor(Number(seconds) * 250);
const cpuBefore = process.cpuUsage();
const measured = await runFor(Number(seconds) * 1_000);
const { user, system } = process.cpuUsage(cpuBefore);
const figures = { perSecond: measured.done / measured.seconds, cpuUs: (user + system) / measured.done };
process.stdout.write(JSON.stringify(figures));
