import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batch, itemsPerBatch, model, modelFile, openMaxFor } from './churn-requests.ts';
import { runLoad } from './http-load.ts';
import { openPredictions, until } from './measured-system.ts';
import { latencyRound } from './past-latency.ts';
import { ratesRound } from './past-rates.ts';
import { machine, type Row, tableOf } from './results.ts';
import { startServerProcess } from './server-process.ts';

/**
 * What a backtest does to live predictions, and how quick a verification is beside a loop that only parses:
 * `npm run bench:past -w @hindcast/bench -- ROUNDS PREDICTIONS`.
 */
const measure = async (rounds: number, predictions: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    const server = await startServerProcess(folder, ['--open-max', String(openMaxFor(predictions))]);
    const alone: (readonly Row[])[] = [];
    const beside: (readonly Row[])[] = [];
    try {
      const requests = Math.ceil(predictions / itemsPerBatch);
      await runLoad({ port: server.port, path: '/v1/predictions', bodies: batch, requests, connections: 4 });
      await until(async () => (await openPredictions(server.url)) === 0);
      const added = await fetch(`${server.url}/v1/models/${model}/versions?description=candidate`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: await modelFile(),
      });
      const { version } = (await added.json()) as { readonly version: number };
      for (let at = 0; at < rounds; at++) {
        const round = await latencyRound(server, version);
        alone.push(round.alone);
        beside.push(round.beside);
      }
    } finally {
      await server.stop();
    }
    const rates: (readonly Row[])[] = [];
    for (let at = 0; at < rounds; at++) rates.push(await ratesRound(folder));
    const columns = [
      { title: 'alone', rounds: alone },
      { title: 'beside a backtest', rounds: beside },
    ];
    const head = `${predictions} predictions of \`${model}\`, ${machine()}, ${rounds} interleaved rounds, medians.`;
    process.stdout.write([head, '', tableOf(columns), tableOf([{ title: 'median', rounds: rates }])].join('\n'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const [first = '3', second = '30000'] = process.argv.slice(2);
await measure(Number(first), Number(second));
