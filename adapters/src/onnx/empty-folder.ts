import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes are told apart by more than their id, which a container gives to each of its main processes anew. */
const startedAt = Math.round(performance.timeOrigin);
/** Other hosts, and other containers, may share the folder for temporary files: their processes cannot be asked about. */
const prefix = `hindcast-inference-${hostname()}-`;

/**
 * A new empty folder for the children of this process. Those of processes that were killed, and could not remove
 * theirs, are removed on the way.
 */
export const makeEmptyFolder = (parent = tmpdir()): string => {
  for (const name of readdirSync(parent)) {
    if (!isLeftOver(name)) continue;
    try {
      rmdirSync(join(parent, name));
    } catch {
      // It is not ours, is not empty, or another process was quicker: none of it is in the way.
    }
  }
  return mkdtempSync(join(parent, `${prefix}${process.pid}-${startedAt}-`));
};

const isLeftOver = (name: string): boolean => {
  if (!name.startsWith(prefix)) return false;
  const [pid, start] = name.slice(prefix.length).split('-').map(Number);
  if (!Number.isSafeInteger(pid) || pid === undefined || pid <= 0) return false;
  return pid === process.pid ? start !== startedAt : !isAlive(pid);
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else is not to be signaled, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
