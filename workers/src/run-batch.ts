import {
  compileBatch,
  type Failure,
  type ModelRuntime,
  type ModelVersion,
  type RunOutcome,
  rowOutputs,
  type Tensor,
} from '@hindcast/domain';

export interface RunOk {
  readonly outputs: readonly unknown[];
  readonly inferenceMs: number;
  readonly runtime: string;
  readonly threads: number;
}

/**
 * What became of a run. `split`: something is wrong with one of several rows, or with all: run each alone to know.
 * `failed`: of a single row, or of the model itself. `held`: the model's file, or the runtime, is not there now.
 */
export type RunResult =
  | ({ readonly kind: 'ok' } & RunOk)
  | { readonly kind: 'split'; readonly why: 'crashed' | 'timed_out' | 'rejected'; readonly detail: string }
  | { readonly kind: 'crashed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'held'; readonly detail: string };

/** Runs valid inputs of one shape as one batch. Never throws for what a model or an input does. */
export const runBatch = async (
  runtime: ModelRuntime,
  version: ModelVersion,
  inputs: readonly unknown[],
): Promise<RunResult> => {
  const single = inputs.length === 1;
  let tensors: Tensor[];
  try {
    tensors = compileBatch(version.signature).encode(inputs);
  } catch (cause) {
    return rejected(single, `the input does not fit the model: ${messageOf(cause)}`);
  }
  let outcome: RunOutcome;
  try {
    outcome = await runtime.run({ sha256: version.sha256 }, tensors, { timeoutMs: version.settings.timeoutMs });
  } catch (cause) {
    return { kind: 'held', detail: messageOf(cause) };
  }
  if (!outcome.ok) return refusal(outcome, single, version.settings.timeoutMs);
  const answers = rowOutputs(version.signature, outcome.outputs, inputs.length);
  if (!answers.ok) return rejected(single, answers.detail, 'output_mismatch');
  const { inferenceMs, runtime: name, threads } = outcome;
  return { kind: 'ok', outputs: answers.rows, inferenceMs, runtime: name, threads };
};

const refusal = (
  { reason, detail }: Extract<RunOutcome, { ok: false }>,
  single: boolean,
  timeoutMs: number,
): RunResult => {
  switch (reason) {
    case 'rejected':
      return rejected(single, detail);
    case 'crashed':
      return single ? { kind: 'crashed', detail } : { kind: 'split', why: 'crashed', detail };
    case 'timed_out':
      return timedOut(single, detail || `the run took longer than ${timeoutMs} ms`);
    case 'load_failed':
      return { kind: 'failed', error: { code: 'model_load_failed', detail } };
    case 'artifact_missing':
    case 'stopped':
      return { kind: 'held', detail };
    default:
      return reason satisfies never;
  }
};

const rejected = (single: boolean, detail: string, code = 'inference_rejected'): RunResult =>
  single ? { kind: 'failed', error: { code, detail } } : { kind: 'split', why: 'rejected', detail };

const timedOutCode = 'inference_timed_out';
const timedOut = (single: boolean, detail: string): RunResult =>
  single ? { kind: 'failed', error: { code: timedOutCode, detail } } : { kind: 'split', why: 'timed_out', detail };

/** Why the process is gone that was at it: it died of it, or was killed since it took too long. undefined where it lives. */
export const endOfProcess = (result: RunResult): string | undefined => {
  switch (result.kind) {
    case 'crashed':
      return result.detail;
    case 'split':
      return result.why === 'rejected' ? undefined : result.detail;
    case 'failed':
      return result.error.code === timedOutCode ? result.error.detail : undefined;
    default:
      return undefined;
  }
};

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
