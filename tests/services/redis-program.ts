import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, installOnce } from './cache.ts';
import { findProgram } from './find-program.ts';
import { runCommand } from './run-command.ts';

const cacheKey = 'redis-from-apt';
const installTimeoutMs = 5 * 60_000;
const serverIn = (folder: string) => join(folder, 'bin');

export const findRedis = async (): Promise<string | undefined> => {
  const cached = await installed(cacheKey);
  return findProgram('redis-server', cached ? [serverIn(cached)] : []);
};

/** Runs without a question, or fails: as root, or where sudo asks for no password. */
const apt = async (program: string, ...words: string[]): Promise<void> => {
  const asRoot = process.getuid?.() === 0;
  const [command, ...args]: [string, ...string[]] = asRoot ? [program, ...words] : ['sudo', '-n', program, ...words];
  await runCommand(command, args, {
    timeoutMs: installTimeoutMs,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
};

/**
 * Debian's redis-tools holds the whole program, which is a server when it is called by that name. The package
 * redis-server would also set up a service of this machine, and that is not ours to do.
 */
export const installRedis = async (): Promise<string | undefined> => {
  const program = await findProgram('apt-get');
  if (!program) return undefined;
  const tools = ['install', '-y', '--no-install-recommends', 'redis-tools'];
  const folder = await installOnce(cacheKey, async (staging) => {
    await apt(program, ...tools).catch(async () => {
      await apt(program, 'update');
      await apt(program, ...tools);
    });
    const whole = await findProgram('redis-check-rdb');
    if (!whole) throw new Error('redis-tools holds no redis-check-rdb.');
    await mkdir(serverIn(staging));
    await symlink(whole, join(serverIn(staging), 'redis-server'));
  });
  return join(serverIn(folder), 'redis-server');
};
