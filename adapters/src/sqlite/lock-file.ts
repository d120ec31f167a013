import { rmSync, statSync, writeFileSync } from 'node:fs';
import Database from 'libsql';

/** Held for as long as the process lives, or until it is given back: the operating system frees it when the process dies. */
export interface FileLock {
  release(): void;
  /** Releases it and removes the file. */
  remove(): void;
}

/** So often a file is locked anew that was removed by whoever held it before. */
const attemptsMax = 100;

/**
 * undefined while another one, in this process too, holds it. An open exclusive transaction is a lock that `kill -9` cannot
 * leave behind. The folder has to be there.
 */
export const tryLockFile = (path: string): FileLock | undefined => {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const before = madeFile(path);
    const db = new Database(path);
    try {
      // Else a journal would lie beside it, and stay where the process is killed.
      db.exec('PRAGMA journal_mode = MEMORY');
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
    const release = () => {
      db.exec('ROLLBACK');
      db.close();
    };
    const remove = () => {
      // Where the folder was removed and made again, the name is that of the next one's lock.
      if (identityOf(path) === before) rmSync(path, { force: true });
      release();
    };
    // A lock on a file that was removed meanwhile keeps nobody out.
    if (before !== undefined && before === identityOf(path)) return { release, remove };
    release();
  }
  return undefined;
};

const madeFile = (path: string): string | undefined => {
  try {
    // Never opened where it is there: to close it again would free a lock that this process holds on it.
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return identityOf(path);
};

const identityOf = (path: string): string | undefined => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}:${found.birthtimeNs}`;
};

const isBusy = (error: unknown): boolean =>
  String((error as { code?: unknown } | null)?.code).startsWith('SQLITE_BUSY');
