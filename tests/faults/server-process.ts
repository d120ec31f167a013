import { readFile } from 'node:fs/promises';
import { type HindcastProcess, startHindcastProcess } from '../distributed/hindcast-process.ts';

/** A real server process on a folder. */
export const startServerProcess = (folder: string, ...more: readonly string[]): Promise<HindcastProcess> =>
  startHindcastProcess(['start', '--data', folder, ...more]);

/** Ids of the living children of a process. */
export const childrenOf = async (pid: number): Promise<readonly number[]> => {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
};
