import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeIdentity } from '@hindcast/adapters/node';
import { type DatasetPlan, datasetIdOf, datasetJobKind, type JobCatalog, type JobHandlers } from '@hindcast/domain';
import { lockOf } from './claim-dataset-work.ts';

const workForm = /^(?<work>(?<id>[0-9a-f]{64})(?:-\d)?)(?:\.lock)?$/;

/** Of a name in the folder of what is put aside: the folder that it belongs to, and the set. Other names are none of ours. */
export const workOf = (name: string): { readonly work: string; readonly id: string } | undefined => {
  const { work, id } = workForm.exec(name)?.groups ?? {};
  return work && id ? { work, id } : undefined;
};

const idOf = (spec: Readonly<Record<string, unknown>>): string =>
  datasetIdOf(spec['plan'] as DatasetPlan, nodeIdentity.sha256);

/**
 * Removes what cuts have put aside that nobody will go on with: whose jobs have failed, were canceled, or were lost too
 * often, and where nobody is at work any more. The folders are listed before the catalog is read to its end, so that it
 * knows the job of each of them.
 */
export const sweepDatasetWork = async (
  folder: string,
  jobs: Pick<JobCatalog, 'open' | 'catchUp'>,
): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(() => []);
  const found = new Map(
    names.flatMap((name) => {
      const of = workOf(name);
      return of ? [[of.work, of.id] as const] : [];
    }),
  );
  if (found.size === 0) return [];
  await jobs.catchUp();
  const cuts = jobs.open().filter(({ state }) => state.request.kind === datasetJobKind);
  const open = new Set(cuts.map(({ state }) => idOf(state.request.spec)));
  const { tryLockFile } = await import('@hindcast/adapters/sqlite');
  const removed: string[] = [];
  for (const [work, id] of found) {
    const lock = open.has(id) ? undefined : tryLockFile(lockOf(folder, work));
    if (!lock) continue;
    await rm(join(folder, work), { recursive: true, force: true });
    lock.remove();
    removed.push(work);
  }
  return removed;
};

/** Cuts after which nothing stays behind but the work of those that somebody will go on with. */
export const withTidyWork = (
  handlers: JobHandlers,
  folder: string,
  jobs: Pick<JobCatalog, 'open' | 'catchUp'>,
): JobHandlers => ({
  ...handlers,
  async [datasetJobKind](job, run) {
    const cut = handlers[datasetJobKind];
    if (!cut) throw new Error('Nothing here cuts data sets.');
    // What cannot be removed is in nobody's way.
    await sweepDatasetWork(folder, jobs).catch(() => []);
    try {
      return await cut(job, run);
    } catch (error) {
      // An attempt that was broken off is followed by another one, unless its job was canceled.
      if (run.signal.aborted) await sweepDatasetWork(folder, jobs).catch(() => []);
      throw error;
    }
  },
});
