import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { batch, itemsPerBatch, model, openMaxFor, single } from './churn-requests.ts';
import { runLoad } from './http-load.ts';
import { openPredictions, rebuildRate, replayRate, succeeded, until } from './measured-system.ts';
import { positive } from './options.ts';
import { cpuUsOfTree, memoryMibOfTree } from './process-tree.ts';
import { quantile } from './quantile.ts';
import { type Row, tableOf } from './results.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { aboutThisRun, loadOfMachine, wordsOf } from './this-run.ts';

const help = `Measures the embedded run as a user sees it: durable, over HTTP, load generator in this process, server in its own.

Usage: npm run bench -w @hindcast/bench -- [options]
  --rounds N    rounds, each on a folder of its own                            (3)
  --out FILE    writes the table to a file too
`;
const mostAtOnce = 100_000;

/** Sends a load and waits until each of its predictions has succeeded, and is in the view. */
const complete = async (
  server: ServerProcess,
  requests: number,
  each: number,
  bodies: readonly string[],
  connections: number,
) => {
  const before = await succeeded(server.url, model);
  const cpuBefore = await cpuUsOfTree(server.pid);
  const startedAt = performance.now();
  const timed = await runLoad({ port: server.port, path: '/v1/predictions', bodies, requests, connections });
  const refused = timed.filter(({ status }) => status !== 202).length;
  const expected = (requests - refused) * each;
  await until(async () => (await openPredictions(server.url)) === 0);
  await until(async () => (await succeeded(server.url, model)) - before >= expected);
  const ms = performance.now() - startedAt;
  const cpu = await cpuUsOfTree(server.pid);
  if (refused > 0) process.stderr.write(`${refused} of ${requests} requests were refused\n`);
  return {
    perSecond: (expected / ms) * 1000,
    mainUs: (cpu.main - cpuBefore.main) / expected,
    childrenUs: (cpu.children - cpuBefore.children) / expected,
  };
};

const waited = async (server: ServerProcess, connections: number, requests: number) => {
  const timed = await runLoad({
    port: server.port,
    path: '/v1/predictions',
    headers: { prefer: 'wait=10' },
    bodies: single,
    requests,
    connections,
  });
  const ms = timed.filter(({ status }) => status === 201).map((answer) => answer.ms);
  return { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99) };
};

const round = async (): Promise<readonly Row[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  const server = await startServerProcess(folder, ['--open-max', String(openMaxFor(mostAtOnce))]);
  try {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const idleMemory = await memoryMibOfTree(server.pid);
    const idleCpu = await cpuUsOfTree(server.pid);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const idleCpuPerSecond = ((await cpuUsOfTree(server.pid)).main - idleCpu.main) / 2;
    await complete(server, 5_000, 1, single, 64);
    const ones = await complete(server, 40_000, 1, single, 64);
    const hundreds = await complete(server, 1_000, itemsPerBatch, batch, 8);
    const light = await waited(server, 1, 1_000);
    const busy = await waited(server, 32, 10_000);
    const replay = await replayRate(server.url);
    const rebuild = await rebuildRate(server.url);
    return [
      { measure: 'single POST, completed', value: ones.perSecond, unit: '/s' },
      { measure: 'single POST, CPU per prediction, main process', value: ones.mainUs, unit: 'µs' },
      { measure: 'single POST, CPU per prediction, inference', value: ones.childrenUs, unit: 'µs' },
      { measure: 'items ×100, completed', value: hundreds.perSecond, unit: '/s' },
      { measure: 'items ×100, CPU per prediction, main process', value: hundreds.mainUs, unit: 'µs' },
      { measure: 'items ×100, CPU per prediction, inference', value: hundreds.childrenUs, unit: 'µs' },
      { measure: 'submit→result, 1 connection, p50', value: light.p50, unit: 'ms' },
      { measure: 'submit→result, 1 connection, p99', value: light.p99, unit: 'ms' },
      { measure: 'submit→result, 32 connections, p50', value: busy.p50, unit: 'ms' },
      { measure: 'submit→result, 32 connections, p99', value: busy.p99, unit: 'ms' },
      { measure: 'replay over HTTP', value: replay, unit: 'events/s' },
      { measure: 'rebuild of the status view', value: rebuild, unit: 'events/s' },
      { measure: 'start-up to the first answer', value: server.startedInMs, unit: 'ms' },
      { measure: 'memory when idle', value: idleMemory, unit: 'MiB' },
      { measure: 'CPU when idle', value: idleCpuPerSecond / 1000, unit: 'ms/s' },
    ];
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else {
  const rounds = positive('--rounds', values.rounds);
  const results: (readonly Row[])[] = [];
  const load = loadOfMachine();
  for (let at = 0; at < rounds; at++) results.push(await round());
  const table = [
    `${wordsOf(aboutThisRun('bench'))}; embedded, synced before the 202, model \`${model}\`, ${rounds} rounds, load generator on the same machine, whose load was ${load} before and ${loadOfMachine()} at the end.`,
    '',
    tableOf([{ title: 'median', rounds: results }]),
  ].join('\n');
  process.stdout.write(table);
  if (values.out !== undefined) await writeFile(values.out, table);
}
