import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doorOf, submitting } from '../beside/hindcast-door.ts';
import { overHttp } from '../beside/measure-over-http.ts';
import { openMaxFor } from '../churn-requests.ts';
import { memoryMibOfTree } from '../process-tree.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';

export interface ServerOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly openMax?: number;
}

const openMaxUsual = openMaxFor(200_000);

/** A Hindcast of its own on an empty folder, as its users start it. */
export const withServer = async <T>(
  { flags = [], env = {}, openMax = openMaxUsual }: ServerOptions,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    const server = await startServerProcess(folder, [...flags, '--open-max', String(openMax)], { env });
    try {
      return await use(server);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export interface Completing {
  readonly model: string;
  readonly inputs: readonly unknown[];
  /** Predictions in a request. */
  readonly each: number;
  readonly seconds: number;
}

/** Warms up, and then sends what should be completed in the given time. */
export const complete = async (server: ServerProcess, { seconds, ...what }: Completing) => {
  const { perSecond, cpuUs } = await overHttp('complete', submitting(doorOf(server), what)).run(seconds);
  return { 'completed, /s': perSecond, 'CPU, µs': cpuUs, 'memory, MiB': await memoryMibOfTree(server.pid) };
};
