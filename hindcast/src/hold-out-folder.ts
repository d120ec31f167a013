import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failed } from './cli-failure.ts';

/** Puts a set into a folder while no other process does: two would mix their files, whatever sets they are of. */
export const holdOutFolder = async <Result>(out: string, work: () => Promise<Result>): Promise<Result> => {
  await mkdir(out, { recursive: true });
  const { tryLockFile } = await import('@hindcast/adapters/sqlite');
  const lock = tryLockFile(join(out, '.hindcast.lock'));
  if (!lock) throw failed(`Another process is putting a data set into ${out}: wait for it, or name another folder.`);
  try {
    return await work();
  } finally {
    lock.remove();
  }
};
