import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failed } from './cli-failure.ts';
import { refuseForeignFolder, unfinishedName } from './place-set.ts';

export const unfinishedIn = (out: string): string => join(out, unfinishedName);

/**
 * Puts a set into a folder while no other process does: two would mix their files, whatever sets they are of. Files that are
 * not whole yet belong into `unfinished`, where nobody who reads the set finds them. What is in it stays when the work fails.
 */
export const holdOutFolder = async <Result>(
  out: string,
  work: (unfinished: string) => Promise<Result>,
): Promise<Result> => {
  await mkdir(out, { recursive: true });
  await refuseForeignFolder(out);
  const lock = await lockIn(out);
  const unfinished = unfinishedIn(out);
  try {
    await mkdir(unfinished, { recursive: true }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw failed(`There can be no folder ${unfinished} (${why}): mend that, or name another folder.`);
    });
    const result = await work(unfinished);
    await rm(unfinished, { recursive: true, force: true });
    return result;
  } finally {
    await rmdir(unfinished).catch(() => {});
    lock.remove();
  }
};

const lockIn = async (out: string) => {
  const { tryLockFile } = await import('@hindcast/adapters/sqlite');
  const path = join(out, '.hindcast.lock');
  let lock: ReturnType<typeof tryLockFile>;
  try {
    lock = tryLockFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failed(`${path} cannot be locked (${why}): move it away if it is not of hindcast, or name another folder.`);
  }
  if (!lock) throw failed(`Another process is putting a data set into ${out}: wait for it, or name another folder.`);
  return lock;
};
