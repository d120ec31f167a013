import { createHash } from 'node:crypto';
import { cutLog, type JobCheckpoint, type JobHandler, type LogCut, type ModelRuntime } from '@hindcast/domain';
import { startInferenceWorker } from '../inference-worker.ts';
import type { PastPorts } from '../past/past-ports.ts';
import { type Ask, createWorkerWorld, until } from './worker-world.ts';

/** A log with a past that workers have made, and what runs it again. */
export const createPastWorld = async (options: Parameters<typeof createWorkerWorld>[0] = {}) => {
  const world = await createWorkerWorld(options);
  const files = new Map<string, string>();
  /** Runtimes that were asked for and have not been stopped. */
  let open = 0;
  const ports: PastPorts = {
    log: world.log,
    catalog: world.catalog,
    artifacts: world.artifacts,
    identity: world.identity,
    clock: () => performance.now(),
    openRuntime: (): ModelRuntime => {
      open += 1;
      return { ...world.runtime, stop: async () => void (open -= 1) };
    },
    async fileDigest(sha256) {
      return files.has(sha256) ? files.get(sha256) : sha256;
    },
  };

  return {
    ...world,
    ports,
    openRuntimes: () => open,
    /** From now on the file of a model holds something else, or is gone. */
    changeFile: (sha256: string, content: string | undefined) =>
      files.set(
        sha256,
        content === undefined ? (undefined as never) : createHash('sha256').update(content).digest('hex'),
      ),
    /** Has workers answer these, and all that is open. */
    async predict(...asks: Ask[]) {
      const worker = await startInferenceWorker(world.ports, { group: 'workers' });
      await world.ask(...asks);
      await worker.whenCaughtUp();
      await until(() => worker.open() === 0 && worker.stats().unwritten === 0 && worker.stats().running === 0);
      await worker.stop();
    },
    async cut(): Promise<LogCut> {
      const made = await cutLog(world.log, {});
      if (!made.ok) throw new Error(made.refusal.detail);
      return made.cut;
    },
    /** Runs a job to its end, or until a progress for which `stopAt` is true: answers its last checkpoint then. */
    async run<Result = Readonly<Record<string, unknown>>>(
      handler: JobHandler,
      spec: Readonly<Record<string, unknown>>,
      from: { checkpoint?: JobCheckpoint | undefined; stopAt?: (done: number) => boolean } = {},
    ): Promise<{ readonly result?: Result; readonly checkpoint?: JobCheckpoint | undefined }> {
      const controller = new AbortController();
      let { checkpoint } = from;
      const job = { id: 'job', tenant: 'default', kind: 'test', spec, attempt: 1 };
      try {
        const result = await handler(job, {
          signal: controller.signal,
          checkpoint: from.checkpoint,
          progress(progress) {
            // As the log would give it back.
            if (progress.checkpoint) checkpoint = JSON.parse(JSON.stringify(progress.checkpoint)) as JobCheckpoint;
            if (from.stopAt?.(progress.done)) controller.abort(new Error('The test stops it.'));
          },
        });
        return { result: result as Result, checkpoint };
      } catch (error) {
        if (!controller.signal.aborted) throw error;
        return { checkpoint };
      }
    },
  };
};
export type PastWorld = Awaited<ReturnType<typeof createPastWorld>>;
