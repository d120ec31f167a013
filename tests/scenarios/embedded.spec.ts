import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig, ROLES, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { afterEach, describe, it } from 'vitest';
import { everyScenario } from './every-scenario.ts';
import type { StartSystem, SystemUnderTest } from './system.ts';

const running = new Set<SystemUnderTest>();
const folders: string[] = [];

const startInFolder: StartSystem = async ({ workers = true, folder, inferenceTimeoutMs, openMax } = {}) => {
  const data = folder ?? (await mkdtemp(join(tmpdir(), 'hindcast-scenario-')));
  folders.push(data);
  const settings = {
    port: 0,
    data,
    children: 2,
    ...(inferenceTimeoutMs === undefined ? {} : { inferenceTimeoutMs }),
    ...(openMax === undefined ? {} : { openMax }),
  };
  const roles = ROLES.filter((role) => workers || role !== 'worker');
  const embedded = await startHindcast({ ...defaultConfig, ...settings }, pino({ level: 'warn' }), roles);
  const system: SystemUnderTest = {
    url: embedded.url,
    log: embedded.log,
    async stop() {
      running.delete(system);
      await embedded.stop();
    },
  };
  running.add(system);
  return system;
};

afterEach(async () => {
  await Promise.all([...running].map((system) => system.stop()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

describe('embedded, on SQLite', () => {
  for (const scenario of everyScenario) it(scenario.title, () => scenario.run(startInFolder));
});
