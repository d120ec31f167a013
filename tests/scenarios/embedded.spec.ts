import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig, ROLES, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { describe } from 'vitest';
import { describeScenarios, type StartRemovableSystem } from './describe-scenarios.ts';

const startSystem: StartRemovableSystem = async ({ workers = true, folder, inferenceTimeoutMs, openMax }) => {
  const data = folder ?? (await mkdtemp(join(tmpdir(), 'hindcast-scenario-')));
  const settings = {
    port: 0,
    data,
    children: 2,
    ...(inferenceTimeoutMs === undefined ? {} : { inferenceTimeoutMs }),
    ...(openMax === undefined ? {} : { openMax }),
  };
  const roles = ROLES.filter((role) => workers || role !== 'worker');
  const { url, log, ...embedded } = await startHindcast(
    { ...defaultConfig, ...settings },
    pino({ level: 'warn' }),
    roles,
  );
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= embedded.stop();
    return stopped;
  };
  return {
    ...{ url, log, stop },
    async remove() {
      await stop();
      await rm(data, { recursive: true, force: true });
    },
  };
};

describe('embedded, on SQLite', () => {
  // Several at once: half of their time goes into waiting, such as for a client that dawdles or connections that drain.
  describeScenarios(startSystem, { ownAtOnce: true });
});
