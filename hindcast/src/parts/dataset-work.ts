import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeIdentity } from '@hindcast/adapters/node';
import { type DatasetPlan, datasetIdOf, datasetJobKind, type JobCatalog, type JobHandlers } from '@hindcast/domain';

/** Folders of other names are none of ours. */
const idForm = /^[0-9a-f]{64}$/;

const idOf = (spec: Readonly<Record<string, unknown>>): string =>
  datasetIdOf(spec['plan'] as DatasetPlan, nodeIdentity.sha256);

/**
 * Removes what cuts have put aside that nobody will go on with: whose jobs have failed, were canceled, or were lost too
 * often. The folders are listed before the catalog is read to its end, so that it knows the job of each of them.
 */
export const sweepDatasetWork = async (
  folder: string,
  jobs: Pick<JobCatalog, 'open' | 'catchUp'>,
): Promise<readonly string[]> => {
  const found = (await readdir(folder).catch(() => [])).filter((name) => idForm.test(name));
  if (found.length === 0) return [];
  await jobs.catchUp();
  const cuts = jobs.open().filter(({ state }) => state.request.kind === datasetJobKind);
  const open = new Set(cuts.map(({ state }) => idOf(state.request.spec)));
  const left = found.filter((name) => !open.has(name));
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
  return left;
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
      else await rm(join(folder, idOf(job.spec)), { recursive: true, force: true });
      throw error;
    }
  },
});
