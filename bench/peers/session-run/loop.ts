import { InferenceSession } from 'onnxruntime-node';
import { feedsOf, type Row } from './feeds.ts';

/**
 * The least that a prediction can cost without batching: `session.run` on tensors that are made beforehand, one row at a
 * time, no HTTP, nothing kept. Takes a model, its rows as JSON, and seconds; writes runs a second, and CPU time of each.
 */
const [model = '', rows = '', seconds = ''] = process.argv.slice(2);
const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const feeds = (JSON.parse(rows) as Row[]).map((row) => feedsOf(session, row));

const runFor = async (ms: number): Promise<{ readonly runs: number; readonly seconds: number }> => {
  const startedAt = performance.now();
  let runs = 0;
  while (performance.now() - startedAt < ms) {
    for (const feed of feeds) await session.run(feed);
    runs += feeds.length;
  }
  return { runs, seconds: (performance.now() - startedAt) / 1_000 };
};

await runFor(Number(seconds) * 250);
const cpuBefore = process.cpuUsage();
const measured = await runFor(Number(seconds) * 1_000);
const { user, system } = process.cpuUsage(cpuBefore);
const figures = { perSecond: measured.runs / measured.seconds, cpuUs: (user + system) / measured.runs };
process.stdout.write(JSON.stringify(figures));
