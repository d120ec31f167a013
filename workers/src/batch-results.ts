import {
  type ArtifactStore,
  type DataRef,
  type Failure,
  type Identity,
  type Logger,
  type NewRecord,
  TOPICS,
} from '@hindcast/domain';
import type { DurableAppender } from './durable-append.ts';
import type { Answers } from './prediction-answers.ts';
import type { RunOk } from './run-batch.ts';
import type { WorkerJob } from './worker-job.ts';

/** Longer outputs, as JSON, go to the artifact store. */
const outputCharsMax = 262_144;
const outputBytesMax = 64 * 1_048_576;

export interface BatchResults {
  /** Appends the results of a run as one batch. `inputs[i]` and `run.outputs[i]` are those of `jobs[i]`. */
  succeed(jobs: readonly WorkerJob[], inputs: readonly unknown[], run: RunOk, startedAt: number): Promise<void>;
  fail(jobs: readonly WorkerJob[], error: Failure, startedAt: number): Promise<void>;
}

/** Turns what runs came to into events, and settles each prediction whose end the log has taken. */
export const createBatchResults = (ports: {
  readonly artifacts: ArtifactStore;
  readonly sha256: Identity['sha256'];
  readonly answers: Answers;
  readonly appender: DurableAppender;
  readonly logger: Logger | undefined;
  readonly settle: (job: WorkerJob) => void;
}): BatchResults => {
  const { artifacts, sha256, answers, appender, logger, settle } = ports;

  const deliver = async (jobs: readonly WorkerJob[], records: readonly NewRecord[], startedAt: number) => {
    if (records.length === 0) return;
    const wanted = (index: number) => jobs[index]?.entry.phase === 'open';
    const outcomes = await appender.append(TOPICS.predictions, records, wanted);
    const tooLarge: WorkerJob[] = [];
    for (let i = 0; i < jobs.length; i++) {
      const outcome = outcomes[i];
      const job = jobs[i] as WorkerJob;
      if (outcome?.ok) settle(job);
      else if (outcome?.error.code === 'record_too_large') tooLarge.push(job);
      else if (job.entry.phase === 'open')
        logger?.error({ key: job.entry.key, err: outcome?.error }, 'result not stored');
    }
    if (tooLarge.length > 0) await fail(tooLarge, outputTooLarge, startedAt);
  };

  const fail = (jobs: readonly WorkerJob[], error: Failure, startedAt: number) => {
    const open = jobs.filter((job) => job.entry.phase === 'open');
    const records = open.map((job) => answers.failed(job.entry, error, queuedMs(job, startedAt)));
    return deliver(open, records, startedAt);
  };

  const store = async (text: string): Promise<DataRef> =>
    artifacts.put(
      (async function* () {
        yield new TextEncoder().encode(text);
      })(),
      outputBytesMax,
    );

  return {
    fail,
    async succeed(jobs, inputs, { outputs, runtime, threads, ...run }, startedAt) {
      const inferenceMs = toMicrosecond(run.inferenceMs);
      const open: WorkerJob[] = [];
      const records: NewRecord[] = [];
      const unstored: WorkerJob[] = [];
      for (let i = 0; i < jobs.length; i++) {
        const job = jobs[i] as WorkerJob;
        // A cancel or an expiry was first: the fold would ignore the result.
        if (job.entry.phase !== 'open') continue;
        const output = outputs[i];
        const text = JSON.stringify(output);
        let kept: { output: unknown } | { outputRef: DataRef };
        try {
          kept = text.length > outputCharsMax ? { outputRef: await store(text) } : { output };
        } catch (err) {
          logger?.error({ key: job.entry.key, err }, 'output not stored');
          unstored.push(job);
          continue;
        }
        open.push(job);
        records.push(
          answers.succeeded(job.entry, {
            ...kept,
            provenance: {
              sha256: job.sha256,
              runtime,
              threads,
              batchSize: jobs.length,
              batchIndex: i,
              inputHash: sha256(JSON.stringify(inputs[i])),
              outputHash: sha256(text),
            },
            queuedMs: queuedMs(job, startedAt),
            inferenceMs,
          }),
        );
      }
      await deliver(open, records, startedAt);
      if (unstored.length > 0) await fail(unstored, outputNotStored, startedAt);
    },
  };
};

/** Milliseconds with as many digits as a clock is worth. */
const toMicrosecond = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** From log time to the start of the run. */
const queuedMs = (job: WorkerJob, startedAt: number): number => Math.max(0, startedAt - job.at);

const outputTooLarge: Failure = {
  code: 'output_too_large',
  detail: 'The log refused the result for its size.',
};
const outputNotStored: Failure = {
  code: 'output_not_stored',
  detail: 'The output is too large for an event, and the artifact store did not take it.',
};
