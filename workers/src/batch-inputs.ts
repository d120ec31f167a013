import type { ArtifactStore, EventLog } from '@hindcast/domain';
import { loadInput } from './prediction-inputs.ts';
import type { WorkerJob } from './worker-job.ts';

export interface BatchInputs {
  readonly jobs: readonly WorkerJob[];
  /** `inputs[i]` belongs to `jobs[i]`. */
  readonly inputs: readonly unknown[];
}

/** Reads the inputs that are not in memory. Jobs whose input cannot be had leave the batch. */
export const createBatchInputs =
  (
    ports: { readonly log: EventLog; readonly artifacts: ArtifactStore },
    on: {
      /** It never will be had. */
      readonly unreadable: (job: WorkerJob, detail: string, startedAt: number) => void;
      readonly missing: (job: WorkerJob, detail: string) => void;
    },
  ) =>
  async (jobs: readonly WorkerJob[], startedAt: number): Promise<BatchInputs> => {
    if (!jobs.some((job) => job.entry.payloadDropped)) return { jobs, inputs: jobs.map((job) => job.entry.input) };
    const loaded = await Promise.all(
      jobs.map(({ entry }) =>
        entry.payloadDropped ? loadInput(ports, entry) : { ok: true as const, input: entry.input },
      ),
    );
    const kept: WorkerJob[] = [];
    const inputs: unknown[] = [];
    for (const [i, job] of jobs.entries()) {
      const input = loaded[i];
      if (!input || job.entry.phase !== 'open') continue;
      if (input.ok) {
        kept.push(job);
        inputs.push(input.input);
      } else on[input.reason](job, input.detail, startedAt);
    }
    return { jobs: kept, inputs };
  };
