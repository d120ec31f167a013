import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MigrationResult } from 'hindcast';

const launcher = fileURLToPath(new URL('../../hindcast/bin/hindcast.js', import.meta.url));
const servicesOfThisRun = ['KAFKA_BROKERS', 'MONGODB_URI', 'REDIS_URL'];

/** A command line in a process of its own, as a person starts it, with no services in its environment but those of `own`. */
export const startCommand = (args: readonly string[], own: Readonly<Record<string, string>> = {}) => {
  const others = Object.entries(process.env).filter(([name]) => !servicesOfThisRun.includes(name));
  const env = { ...Object.fromEntries(others), ...own };
  const child: ChildProcess = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return { ended, kill: (signal: NodeJS.Signals) => child.kill(signal), said: () => out + err };
};

export interface MigrationPlaces {
  readonly folder: string;
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly mongodb: string;
  readonly database: string;
}

export const startMigrate = (places: MigrationPlaces, ...more: readonly string[]) =>
  startCommand([
    'migrate',
    ...['--to', `kafka://${places.brokers.join(',')}`, '--topic-prefix', places.prefix, '--data', places.folder],
    ...['--artifacts-to', places.mongodb, '--database', places.database],
    ...['--replication-factor', '1', '--json', ...more],
  ]);

export const migrate = async (places: MigrationPlaces, ...more: readonly string[]): Promise<MigrationResult> => {
  const { code, out, err } = await startMigrate(places, ...more).ended;
  if (code !== 0) throw new Error(`The migration ended with ${code}: ${err}`);
  return JSON.parse(out) as MigrationResult;
};

/** What a migration says that is refused. */
export const refusedMigrate = async (places: MigrationPlaces, ...more: readonly string[]): Promise<string> => {
  const { code, err } = await startMigrate(places, ...more).ended;
  if (code === 0) throw new Error('The migration was not refused.');
  return err;
};
