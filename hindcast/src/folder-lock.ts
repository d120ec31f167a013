import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LogError } from '@hindcast/domain';

/** Whether a running Hindcast holds the folder. Takes the lock for a moment where nobody does. */
export const isFolderLocked = async (folder: string): Promise<boolean> => {
  if (!existsSync(join(folder, 'lock.db'))) return false;
  const { lockFolder } = await import('@hindcast/adapters/sqlite');
  try {
    lockFolder(folder).release();
    return false;
  } catch (error) {
    if (error instanceof LogError && error.code === 'locked') return true;
    throw error;
  }
};
