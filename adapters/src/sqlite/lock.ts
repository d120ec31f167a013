import { join } from 'node:path';
import { LogError } from '@hindcast/domain';
import Database from 'libsql';
import { explained } from './unusable-file.ts';

/** Held for as long as the process lives or until `release`: the operating system frees it when the process dies. */
export interface FolderLock {
  release(): void;
}

/** One writer per folder. An open exclusive transaction on a file of its own is a lock that `kill -9` cannot leave behind. */
export const lockFolder = (folder: string): FolderLock => {
  const path = join(folder, 'lock.db');
  const db = new Database(path);
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw explained(error, path, 'It holds nothing: delete it while no Hindcast uses the folder.');
    throw new LogError(
      'locked',
      `The folder ${folder} is in use by another Hindcast process. Stop that one, or give this one another folder.`,
      { cause: error },
    );
  }
  return {
    release: () => {
      db.exec('ROLLBACK');
      db.close();
    },
  };
};

const isBusy = (error: unknown): boolean =>
  String((error as { code?: unknown } | null)?.code).startsWith('SQLITE_BUSY');
