import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { JobFailure } from '@hindcast/domain';
import type { ClaimDatasetWork } from '@hindcast/workers';

/** Attempts at one set in one folder at the same time: of workers that have lost their job and have not stopped yet. */
const slotsMax = 8;

export const lockOf = (folder: string, work: string): string => join(folder, `${work}.lock`);

/**
 * Gives each attempt at a set a folder that nobody else works in: the first that is not held. What an attempt of a process
 * that is gone has put aside there is found again.
 */
export const claimDatasetWork =
  (folder: string): ClaimDatasetWork =>
  async (datasetId) => {
    const { tryLockFile } = await import('@hindcast/adapters/sqlite');
    await mkdir(folder, { recursive: true });
    for (let slot = 1; slot <= slotsMax; slot++) {
      const work = slot === 1 ? datasetId : `${datasetId}-${slot}`;
      const lock = tryLockFile(lockOf(folder, work));
      if (!lock) continue;
      return {
        work,
        async end(stays) {
          if (stays) return lock.release();
          try {
            await rm(join(folder, work), { recursive: true, force: true });
          } finally {
            lock.remove();
          }
        },
      };
    }
    throw new JobFailure('too_many_attempts', `${slotsMax} attempts at this set are under way in ${folder}.`);
  };
