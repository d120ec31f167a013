import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, readdir, rmdir, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isDistributed } from './config.ts';
import type { Config, DistributedConfig } from './settings.ts';

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly said: string;
  /** What to do about it; only where it is not ok. */
  readonly fix?: string;
}

type Check = (config: Config) => Promise<Omit<Finding, 'check'>>;

const freeBytesMin = 1_073_741_824;
const loadTimeoutMs = 20_000;
const oldestPlausibleClock = Date.UTC(2026, 0, 1);
const run = promisify(execFile);

const fine = (said: string) => ({ ok: true, said });
const wrong = (said: string, fix: string) => ({ ok: false, said, fix });

const checkNode: Check = async () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const said = `Node ${process.version} on ${process.platform}-${process.arch}`;
  return major > 20 || (major === 20 && minor >= 19) ? fine(said) : wrong(said, 'Install Node 20.19 or newer.');
};

/** In a process of its own: a native module that crashes must not take the doctor with it. */
const checkLoads =
  (module: string): Check =>
  async () => {
    const script =
      `const { createRequire } = await import('node:module');` +
      `const adapters = import.meta.resolve('@hindcast/adapters/node', ${JSON.stringify(import.meta.url)});` +
      `createRequire(adapters)(${JSON.stringify(module)});`;
    try {
      await run(process.execPath, ['--input-type=module', '--eval', script], {
        timeout: loadTimeoutMs,
        cwd: dirname(new URL(import.meta.url).pathname),
      });
      return fine('loads');
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      const reason = stderr?.split('\n').find((line) => line.includes('Error')) ?? String(error);
      return wrong(reason.trim(), 'Run `npm ci` again on this machine: native parts are installed per platform.');
    }
  };

/** Who answers at the port: nobody, a Hindcast, or something else. */
const checkPort: Check = async ({ host, port }) => {
  const code = await new Promise<string | undefined>((done) => {
    const server = createServer()
      .once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      .listen({ host, port, exclusive: true }, () => server.close(() => done(undefined)));
  });
  if (code === undefined) return fine(`${port} on ${host} is free`);
  if (code !== 'EADDRINUSE') return wrong(`${port} on ${host}: ${code}`, 'Choose another --port or --host.');
  const live = await fetch(`http://${host}:${port}/livez`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  await live?.body?.cancel();
  if (live?.ok) return fine(`a server that looks like Hindcast answers on ${host}:${port}`);
  return wrong(
    `${port} on ${host} is in use by another program`,
    'Stop it, or choose another --port (0 takes a free one).',
  );
};

const nearestFolder = async (path: string): Promise<string> => {
  const found = await stat(path).catch(() => undefined);
  const parent = dirname(path);
  return found !== undefined || parent === path ? path : nearestFolder(parent);
};

const checkFolder: Check = async ({ data, memory }) => {
  if (memory) return fine('not used with --memory');
  const folder = resolve(data);
  const existing = await nearestFolder(folder);
  if (!(await stat(existing)).isDirectory()) return wrong(`${existing} is not a folder`, 'Choose another --data.');
  const isThere = existing === folder;
  try {
    await access(existing, constants.W_OK | constants.X_OK);
    // Some file systems, such as /proc, let everything be written by their own account, and nothing be made.
    if (!isThere) await rmdir(await mkdtemp(join(existing, '.hindcast-')));
  } catch {
    const said = isThere ? `${folder} cannot be written` : `${folder} cannot be created in ${existing}`;
    return wrong(said, `Give this user write access to ${existing}, or choose another --data.`);
  }
  return fine(isThere ? `${folder} can be written` : `${folder} will be created`);
};

const checkDisk: Check = async ({ data, memory }) => {
  if (memory) return fine('not used with --memory');
  const { bavail, bsize } = await statfs(await nearestFolder(resolve(data)));
  const said = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`;
  return bavail * bsize >= freeBytesMin ? fine(said) : wrong(said, 'Free at least 1 GB: the log keeps everything.');
};

/** Deadlines are counted by the log's clock, which may not be far off, and never runs back. */
const checkClock: Check = async ({ data, memory }) => {
  const now = Date.now();
  const said = new Date(now).toISOString();
  const fix = 'Set the clock, for example with NTP.';
  if (now < oldestPlausibleClock) return wrong(`${said} lies in the past`, fix);
  const folder = resolve(data);
  const names = memory ? [] : await readdir(folder).catch(() => []);
  const written = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  const newest = Math.max(0, ...written);
  if (newest > now + 60_000) return wrong(`${said} is before the last write, ${new Date(newest).toISOString()}`, fix);
  return fine(said);
};

/** Whether a running Hindcast holds the folder. */
export type IsLocked = (folder: string) => Promise<boolean>;

/** A held folder is only a fact: whoever started that Hindcast wants it so. */
const checkLock =
  (isLocked: IsLocked): Check =>
  async ({ data, memory }) => {
    if (memory || !(await isLocked(resolve(data)))) return fine('nobody else uses the data folder');
    return fine('a running Hindcast uses the data folder; a second one needs another --data');
  };

const embeddedChecks = (isLocked: IsLocked): readonly (readonly [string, Check])[] => [
  ['libsql', checkLoads('libsql')],
  ['lock', checkLock(isLocked)],
  ['disk', checkDisk],
];

/** Loaded only where there are services to ask. */
const serviceChecks = async (config: DistributedConfig): Promise<readonly (readonly [string, Check])[]> => {
  const { checkLog, checkService, SERVICES } = await import('./distributed/check-services.ts');
  return [
    ...SERVICES.map((service) => [service, () => checkService(service, config)] as const),
    ['log', () => checkLog(config)] as const,
  ];
};

/** Looks at everything that `start` needs, and says what to do where something is not as it should be. */
export const examine = async (config: Config, isLocked: IsLocked): Promise<readonly Finding[]> => {
  const checks: readonly (readonly [string, Check])[] = [
    ['node', checkNode],
    ['onnxruntime', checkLoads('onnxruntime-node')],
    ['port', checkPort],
    ['data folder', checkFolder],
    ...(isDistributed(config) ? await serviceChecks(config) : embeddedChecks(isLocked)),
    ['clock', checkClock],
  ];
  return Promise.all(checks.map(async ([check, look]) => ({ check, ...(await look(config).catch(broken)) })));
};

const broken = (error: unknown) =>
  wrong(error instanceof Error ? error.message : String(error), 'This check itself failed; the text says why.');
