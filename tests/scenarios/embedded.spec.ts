import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig, ROLES, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { describe, it, type TestContext } from 'vitest';
import { everyScenario } from './every-scenario.ts';
import type { StartSystem, SystemUnderTest } from './system.ts';

const startFor =
  ({ onTestFinished }: TestContext): StartSystem =>
  async ({ workers = true, folder, inferenceTimeoutMs, openMax } = {}) => {
    const data = folder ?? (await mkdtemp(join(tmpdir(), 'hindcast-scenario-')));
    const settings = {
      port: 0,
      data,
      children: 2,
      ...(inferenceTimeoutMs === undefined ? {} : { inferenceTimeoutMs }),
      ...(openMax === undefined ? {} : { openMax }),
    };
    const roles = ROLES.filter((role) => workers || role !== 'worker');
    const embedded = await startHindcast({ ...defaultConfig, ...settings }, pino({ level: 'warn' }), roles);
    let stopped: Promise<void> | undefined;
    const system: SystemUnderTest = {
      url: embedded.url,
      log: embedded.log,
      async stop() {
        stopped ??= embedded.stop();
        await stopped;
      },
    };
    onTestFinished(async () => {
      await system.stop();
      await rm(data, { recursive: true, force: true });
    });
    return system;
  };

// Several at once: half of their time goes into waiting, such as for a client that dawdles or connections that drain.
describe.concurrent('embedded, on SQLite', () => {
  for (const scenario of everyScenario) it(scenario.title, (context) => scenario.run(startFor(context)));
});
