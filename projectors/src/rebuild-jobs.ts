import type { ProjectionName } from '@hindcast/domain';
import type { ProjectionPorts } from './projection-parts.ts';
import type { ProjectionRunner } from './projection-runner.ts';
import {
  type RebuildPorts,
  type RebuildProgress,
  type RebuildReport,
  rebuildProjection,
  undoRebuild,
} from './rebuild.ts';

/** Jobs that are remembered. */
const jobsMax = 20;

/** A rebuild, now or in the past, as it was when it was asked for. */
export interface RebuildJob extends RebuildProgress {
  readonly id: string;
  readonly kind: 'rebuild' | 'dryRun' | 'undo';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly report?: RebuildReport;
  readonly error?: string;
}

export interface Rebuilds {
  rebuild(name: ProjectionName, options: { readonly dryRun: boolean }): RebuildJob | undefined;
  undo(name: ProjectionName): RebuildJob | undefined;
  running(): RebuildJob | undefined;
  list(): readonly RebuildJob[];
  /** Gives up the running job: what it has built is dropped by the next one. */
  stop(): Promise<void>;
}

/** One job at a time: two would only share the same disk. */
export const createRebuilds = (
  ports: ProjectionPorts,
  runnerOf: (name: ProjectionName) => ProjectionRunner,
): Rebuilds => {
  const { now, logger } = ports;
  const abort = new AbortController();
  const jobs: RebuildJob[] = [];
  let made = 0;
  let current: { readonly id: string; readonly ended: Promise<void> } | undefined;

  const find = (id: string | undefined): RebuildJob | undefined => jobs.find((job) => job.id === id);
  const amend = (id: string, change: Partial<RebuildJob>): void => {
    const at = jobs.findIndex((job) => job.id === id);
    const job = jobs[at];
    if (job) jobs[at] = { ...job, ...change };
  };

  const run = (
    name: ProjectionName,
    kind: RebuildJob['kind'],
    work: (parts: RebuildPorts, tell: (progress: RebuildProgress) => void) => Promise<Partial<RebuildJob>>,
  ): RebuildJob | undefined => {
    if (current) return undefined;
    made += 1;
    const startedAt = now();
    const id = `${startedAt}-${made}`;
    const nothingYet = { generation: 0, folded: 0, total: 0, ratePerSecond: 0, etaMs: undefined };
    const job: RebuildJob = { id, kind, projection: name, phase: 'filling', startedAt, ...nothingYet };
    jobs.unshift(job);
    jobs.splice(jobsMax);
    const parts = { ...ports, handOver: runnerOf(name).handOver, signal: abort.signal };
    const ended = work(parts, (progress) => amend(id, progress))
      .then((result) => amend(id, { ...result, phase: 'done', endedAt: now() }))
      .catch((error) => {
        logger?.error({ err: error, projection: name, kind }, 'A rebuild failed.');
        amend(id, { phase: 'failed', error: String(error), endedAt: now() });
      })
      .finally(() => {
        current = undefined;
      });
    current = { id, ended };
    return job;
  };

  return {
    rebuild: (name, { dryRun }) =>
      run(name, dryRun ? 'dryRun' : 'rebuild', async (parts, tell) => {
        const report = await rebuildProjection(parts, { projection: name, dryRun }, tell);
        return { report, generation: report.generation };
      }),
    undo: (name) => run(name, 'undo', (parts, tell) => undoRebuild(parts, name, tell)),
    running: () => find(current?.id),
    list: () => [...jobs],
    async stop() {
      abort.abort(new Error('The process is stopping.'));
      await current?.ended;
    },
  };
};
