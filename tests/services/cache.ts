import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { waitUntil } from './wait-until.ts';

/** Longer than any installation takes on a busy machine with two cores. */
const otherInstallerTimeoutMs = 20 * 60_000;

/** What is fetched or built for tests stays here between runs, each version in a folder of its own. */
export const cacheFolder = (): string =>
  resolve(process.env['TEST_CACHE'] || join(homedir(), '.cache', 'hindcast'), 'services');

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const lockOf = (key: string) => join(cacheFolder(), `${key}.lock`);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Whether a living process is installing it at this moment. */
export const isBeingInstalled = async (key: string): Promise<boolean> => {
  const pid = Number(await readFile(lockOf(key), 'utf8').catch(() => ''));
  return pid > 0 && isAlive(pid);
};

/** Folder of an installation that is there already. */
export const installed = async (key: string): Promise<string | undefined> => {
  const folder = join(cacheFolder(), key);
  return (await exists(folder)) ? folder : undefined;
};

const takeLock = async (key: string): Promise<boolean> => {
  if (!(await isBeingInstalled(key))) await rm(lockOf(key), { force: true });
  return writeFile(lockOf(key), String(process.pid), { flag: 'wx' }).then(
    () => true,
    () => false,
  );
};

/**
 * Installs by `build` into a folder that appears under its name only when it is whole. A process that finds another one
 * installing the same waits for it.
 */
export const installOnce = async (key: string, build: (folder: string) => Promise<void>): Promise<string> => {
  const target = join(cacheFolder(), key);
  await mkdir(cacheFolder(), { recursive: true });
  let locked = false;
  await waitUntil(`${key} is installed by another process`, otherInstallerTimeoutMs, async () => {
    if (await exists(target)) return true;
    locked = await takeLock(key);
    return locked;
  });
  if (!locked) return target;
  try {
    if (await exists(target)) return target;
    const leftovers = (await readdir(cacheFolder())).filter((name) => name.startsWith(`.${key}-`));
    await Promise.all(leftovers.map((name) => rm(join(cacheFolder(), name), { recursive: true, force: true })));
    process.stderr.write(`services: installing ${key} into ${cacheFolder()}\n`);
    const staging = await mkdtemp(join(cacheFolder(), `.${key}-`));
    await build(staging);
    await rename(staging, target);
    return target;
  } finally {
    await rm(lockOf(key), { force: true });
  }
};
