import { createHash } from 'node:crypto';
import {
  cutLog,
  evolvePrediction,
  type JobCheckpoint,
  type JobHandler,
  type LogCut,
  type ModelRuntime,
  type PredictionDoc,
  TOPICS,
  unknownPrediction,
} from '@hindcast/domain';
import { createMemoryViews } from '@hindcast/domain/in-memory';
import type { BacktestPorts } from '../backtest/backtest-job.ts';
import { startInferenceWorker } from '../inference-worker.ts';
import { predictionEventOf } from '../record-intake.ts';
import { type Ask, createWorkerWorld, until } from './worker-world.ts';

/** A log with a past that workers have made, and what runs it again. */
export const createPastWorld = async (options: Parameters<typeof createWorkerWorld>[0] = {}) => {
  const world = await createWorkerWorld(options);
  const files = new Map<string, string | undefined>();
  /** Runtimes that were asked for and have not been stopped. */
  let open = 0;
  const views = createMemoryViews({ now: Date.now });
  const ports: BacktestPorts = {
    views,
    log: world.log,
    catalog: world.catalog,
    artifacts: world.artifacts,
    identity: world.identity,
    clock: () => performance.now(),
    openRuntime: (): ModelRuntime => {
      open += 1;
      return {
        ...world.runtime,
        async stop() {
          open -= 1;
        },
      };
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
      files.set(sha256, content === undefined ? undefined : createHash('sha256').update(content).digest('hex')),
    /** Has workers answer these, and all that is open. */
    async predict(...asks: Ask[]) {
      const worker = await startInferenceWorker(world.ports, { group: 'workers' });
      await world.ask(...asks);
      await worker.whenCaughtUp();
      await until(() => worker.open() === 0 && worker.stats().unwritten === 0 && worker.stats().running === 0);
      await worker.stop();
    },
    /** Folds all that the log has into the status view. */
    async fold(): Promise<void> {
      const store = views.statusStore(1);
      for (const { partition, logId, epoch, end } of await world.log.bounds(TOPICS.predictions)) {
        const docs = new Map<string, PredictionDoc>();
        for await (const page of world.log.read({ topic: TOPICS.predictions, partition, from: 0 })) {
          for (const record of page) {
            const event = predictionEventOf(record);
            if (!event) continue;
            const { key, offset, appendedAt } = record;
            const before = docs.get(key)?.state ?? unknownPrediction;
            const { state } = evolvePrediction(before, { event, offset, appendedAt });
            const { tenant, subject: id } = event;
            docs.set(key, { key, tenant, id, epoch, partition, pos: offset, state });
          }
        }
        const bases = await store.load([...docs.keys()]);
        const writes = [...docs.values()].map((doc) => ({ doc, base: bases.get(doc.key)?.pos }));
        await store.save(writes, { logId, epoch, partition, next: end });
      }
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
