import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { waitUntil } from './wait-until.ts';

const program = fileURLToPath(new URL('../dist/services/cli.js', import.meta.url));
const startTimeoutMs = 60_000;
const endTimeoutMs = 20_000;
const { kafka, redis, mongodb } = inject('services');
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** Only Redis is its own: the other two are those of this run. */
const startCli = async () => {
  const { REDIS_URL: _, ...environment } = process.env;
  const child = spawn(process.execPath, [program], {
    env: { ...environment, KAFKA_BROKERS: kafka?.join(), MONGODB_URI: mongodb },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  await waitUntil('the last variable is printed', startTimeoutMs, () => output.includes('MONGODB_URI'));
  return { child, output, url: /REDIS_URL='(.*)'/.exec(output)?.[1] ?? '' };
};

const processIdOf = async (url: string): Promise<number> => {
  const client = new Redis(url);
  const info = await client.info('server');
  client.disconnect();
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
};

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

describe.skipIf(!kafka || !redis || !mongodb)('npm run services', () => {
  it('prints variables, and stops what it started on Ctrl-C', async () => {
    const { child, output, url } = await startCli();
    expect(output).toContain(`export KAFKA_BROKERS='${kafka?.join()}'`);
    const pid = await processIdOf(url);
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(isGone(pid)).toBe(true);
  });

  it('leaves nothing running when it is killed', async () => {
    const { child, url } = await startCli();
    const pid = await processIdOf(url);
    child.kill('SIGKILL');
    await waitUntil('its Redis is gone too', endTimeoutMs, () => isGone(pid));
  });
});
