import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { batch, itemsPerBatch, model, modelFile, openMaxFor } from './churn-requests.ts';
import { runLoad } from './http-load.ts';
import { openPredictions, until } from './measured-system.ts';
import { positive } from './options.ts';
import { latencyRound } from './past-latency.ts';
import { ratesRound } from './past-rates.ts';
import { type Row, tableOf } from './results.ts';
import { startServerProcess } from './server-process.ts';
import { aboutThisRun, wordsOf } from './this-run.ts';

/** What a backtest does to live predictions, and how quick a verification is beside a loop that only parses. */
const help = `npm run bench:past -w @hindcast/bench -- [options]

Latency of live predictions alone and beside a backtest; rates of a verification, and of a loop that only parses.

  --rounds N        interleaved rounds (3)
  --predictions N   predictions of the past (30000)
  --help            this text
`;

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
    const head = `${wordsOf(aboutThisRun('bench:past'))}; ${predictions} predictions of \`${model}\`, medians of ${rounds} interleaved rounds.`;
    process.stdout.write([head, '', tableOf(columns), tableOf([{ title: 'median', rounds: rates }])].join('\n'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    predictions: { type: 'string', default: '30000' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else await measure(positive('--rounds', values.rounds), positive('--predictions', values.predictions));
