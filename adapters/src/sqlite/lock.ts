import { join } from 'node:path';
import { LogError } from '@hindcast/domain';
import { type FileLock, tryLockFile } from './lock-file.ts';
import { explained } from './unusable-file.ts';

/** One writer per folder. */
export const lockFolder = (folder: string): Pick<FileLock, 'release'> => {
  const path = join(folder, 'lock.db');
  let lock: FileLock | undefined;
  try {
    lock = tryLockFile(path);
  } catch (error) {
    throw explained(error, path, 'It holds nothing: delete it while no Hindcast uses the folder.');
  }
  if (lock) return lock;
  throw new LogError(
    'locked',
    `The folder ${folder} is in use by another Hindcast process. Stop that one, or give this one another folder.`,
  );
};
