import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createDuckdbExtractor } from '@hindcast/adapters/duckdb';
import { nodeAuditCrypto, nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { planDataset } from '@hindcast/domain';
import { createMemoryArtifactStore } from '@hindcast/domain/in-memory';
import { cutDataset } from '@hindcast/workers';
import { defaultConfig } from 'hindcast';
import { fillLog } from './dataset-log.ts';
import { plainLoop } from './dataset-loop.ts';
import { positive } from './options.ts';
import { asItsUsersStartIt } from './server-process.ts';

/**
 * Cuts of logs of growing length to Parquet, and a plain loop over the same logs beside it, each in a process of its own:
 * `npm run bench:datasets -w @hindcast/bench -- 10000 100000 1000000`.
 */
const loopEventsMax = 2_000_000;

const cut = async (folder: string, out: string): Promise<number> => {
  const log = openSqliteLogReader(folder);
  const { sha256 } = nodeIdentity;
  const extractor = createDuckdbExtractor({
    folder: out,
    sha256,
    memoryBytesMax: defaultConfig.datasetMemoryBytes,
    threads: cpus().length,
  });
  const request = { model: 'churn', labels: { absent: 'keep' as const } };
  const planned = await planDataset(log, request, { tenant: 'default', extractor, redactionKeyId: undefined });
  if (!planned.ok) throw new Error(planned.refusal.detail);
  const artifacts = createMemoryArtifactStore({ sha256 });
  const keep = async (_: string, content: AsyncIterable<Uint8Array>) => {
    let bytes = 0;
    for await (const chunk of content) bytes += chunk.length;
    return { sha256: '', bytes };
  };
  const ports = {
    log,
    artifacts,
    extractor,
    identity: nodeIdentity,
    crypto: nodeAuditCrypto,
    redactionKey: undefined,
    keep,
  };
  const { manifest } = await cutDataset(planned.plan, ports, {
    signal: new AbortController().signal,
    progress: () => {},
  });
  log.close();
  return manifest.accountedFor.rows;
};

const measured = async (work: () => Promise<number>) => {
  const startedAt = performance.now();
  const rows = await work();
  const ms = performance.now() - startedAt;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stdout.write(
    JSON.stringify({ rows, ms, rssMib: maxRSS / 1_024, cpuMs: (userCPUTime + systemCPUTime) / 1_000 }),
  );
};

const run = promisify(execFile);
/** The cut as the launcher starts it, the loop as Node starts a script. */
const flagsOf = { cut: asItsUsersStartIt, loop: ['--max-old-space-size=8192'] } as const;
const inProcess = async (way: keyof typeof flagsOf, ...folders: readonly string[]) => {
  const { stdout } = await run(process.execPath, [...flagsOf[way], fileURLToPath(import.meta.url), way, ...folders]);
  return JSON.parse(stdout) as { rows: number; ms: number; rssMib: number; cpuMs: number };
};

const compare = async (events: number, behind: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    await fillLog(folder, events, behind);
    for (const way of events <= loopEventsMax ? (['cut', 'loop'] as const) : (['cut'] as const)) {
      const { rows, ms, rssMib, cpuMs } = await inProcess(way, folder, join(folder, 'out'));
      const rate = (what: number) => Math.round(what / (ms / 1_000)).toLocaleString('en');
      const cpu = ((cpuMs * 1_000) / events).toFixed(1);
      console.log(
        `${events} events  ${way.padEnd(4)}  ${rate(rows)} rows/s  ${rate(events)} events/s  ${cpu} µs CPU per event  ${Math.round(rssMib)} MiB`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const usage = `Usage: npm run bench:datasets -w @hindcast/bench -- [--behind N] [EVENTS ...]     (10000)
  --behind N   later requests that each end stands behind                    (0)`;
const {
  values: { behind, help },
  positionals: [first = '10000', ...more],
} = parseArgs({
  options: { behind: { type: 'string', default: '0' }, help: { type: 'boolean' } },
  allowPositionals: true,
});
const [folder = '', out = ''] = more;
if (first === 'cut') await measured(() => cut(folder, out));
else if (first === 'loop') await measured(() => plainLoop(folder, `${out}.parquet`));
else if (help) console.log(usage);
else {
  const later = behind === '0' ? 0 : positive('--behind', behind);
  for (const events of [first, ...more].map((text) => positive('EVENTS', text))) await compare(events, later);
}
