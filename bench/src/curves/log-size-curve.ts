import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillLog } from '../dataset-log.ts';
import { isFolded, rebuildRate, replayRate, until } from '../measured-system.ts';
import { parseLoop } from '../parse-loop.ts';
import { memoryMibOfTree } from '../process-tree.ts';
import { startServerProcess } from '../server-process.ts';
import type { Curve, Point } from './curve.ts';

const watchMs = 100;

/**
 * Rates of the first fold, from the start of the server on, in which worker, keeper and notary read the log as well, of a
 * rebuild of the status view and of a replay over HTTP, beside a process that parses the same log and does nothing else.
 */
const measureLog = async (events: number): Promise<Point> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    await fillLog(folder, events);
    const { readMs, parseMs, records } = await parseLoop(folder);
    const startedAt = performance.now();
    const server = await startServerProcess(folder);
    let most = 0;
    const watch = setInterval(async () => {
      most = Math.max(most, await memoryMibOfTree(server.pid));
    }, watchMs);
    try {
      await until(() => isFolded(server.url));
      const foldMs = performance.now() - startedAt;
      const rebuilt = await rebuildRate(server.url);
      const replayed = await replayRate(server.url);
      const parsed = (records / parseMs) * 1_000;
      return {
        at: events.toLocaleString('en'),
        figures: {
          'only read, events/s': (records / readMs) * 1_000,
          'JSON.parse, events/s': parsed,
          'first fold, events/s': (records / foldMs) * 1_000,
          'rebuild, events/s': rebuilt,
          'rebuild by JSON.parse': rebuilt / parsed,
          'replay, events/s': replayed,
          'most memory, MiB': most,
        },
      };
    } finally {
      clearInterval(watch);
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const lengths = [10_000, 100_000, 1_000_000, 10_000_000];

export const logSizeCurve: Curve = {
  name: 'log-size',
  title: 'Events in the log',
  about:
    'Two events a prediction and a label for every fourth; memory of the server and its inference processes at its highest.',
  async *measure({ eventsMax }) {
    for (const events of lengths) if (events <= eventsMax) yield await measureLog(events);
  },
};
