import type { Clock, ModelFile, ModelRefusal, ModelRuntime, RunOutcome, Tensor } from '../ports.ts';

/** A model as a plain function. What it throws is a refusal of the input. */
export type TensorFunction = (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>;
export type Misbehavior = 'crash' | 'hang' | 'reject' | 'load_failed';

/** Thrown by a `TensorFunction` that stands for a model which kills its process. */
export class SimulatedCrash extends Error {}

export interface InMemoryModelRuntime extends ModelRuntime {
  /** Makes a model available, or replaces it. */
  serve(sha256: string, model: TensorFunction): void;
  /** What `inspect` answers for a path. */
  offer(path: string, file: ModelFile | ModelRefusal): void;
  /** From now on every run of the model ends this way; undefined makes it well again. */
  misbehave(sha256: string, how: Misbehavior | undefined): void;
  /** How often a model was run, well or not. */
  runs(sha256: string): number;
}

export interface InMemoryModelRuntimeOptions {
  readonly slots?: number;
  readonly now?: Clock;
}

const failed = (reason: Exclude<RunOutcome, { ok: true }>['reason'], detail: string): RunOutcome => ({
  ok: false,
  reason,
  detail,
});
const hang = new Promise<never>(() => {});

/** Runs models as functions in this process, with the outcomes of a real runtime. */
export const createInMemoryModelRuntime = ({
  slots = 2,
  now = Date.now,
}: InMemoryModelRuntimeOptions = {}): InMemoryModelRuntime => {
  const models = new Map<string, TensorFunction>();
  const files = new Map<string, ModelFile | ModelRefusal>();
  const misbehaviors = new Map<string, Misbehavior>();
  const counts = new Map<string, number>();
  const endings = new Set<() => void>();
  let stopped = false;

  const outcomeOf = async (sha256: string, inputs: readonly Tensor[]): Promise<RunOutcome> => {
    const model = models.get(sha256);
    if (!model) return failed('artifact_missing', `There is no artifact ${sha256}.`);
    const how = misbehaviors.get(sha256);
    if (how === 'crash') return failed('crashed', 'The process was told to crash.');
    if (how === 'reject') return failed('rejected', 'The model was told to reject.');
    if (how === 'load_failed') return failed('load_failed', 'The model was told not to load.');
    const startedAt = now();
    try {
      const outputs = await (how === 'hang' ? hang : model(inputs));
      return { ok: true, outputs, inferenceMs: Math.max(0, now() - startedAt), runtime: 'in-memory/1', threads: 1 };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return failed(error instanceof SimulatedCrash ? 'crashed' : 'rejected', detail);
    }
  };

  /** The first of: the outcome, the time-out, the stop of the runtime. */
  const bounded = (running: Promise<RunOutcome>, timeoutMs: number): Promise<RunOutcome> =>
    new Promise((resolve) => {
      const end = (outcome: RunOutcome): void => {
        clearTimeout(timer);
        endings.delete(cut);
        resolve(outcome);
      };
      const cut = (): void => end(failed('stopped', 'The runtime is closing.'));
      const timer = setTimeout(() => end(failed('timed_out', `The run took more than ${timeoutMs} ms.`)), timeoutMs);
      endings.add(cut);
      void running.then(end);
    });

  return {
    slots,
    serve: (sha256, model) => void models.set(sha256, model),
    offer: (path, file) => void files.set(path, file),
    misbehave(sha256, how) {
      if (how) misbehaviors.set(sha256, how);
      else misbehaviors.delete(sha256);
    },
    runs: (sha256) => counts.get(sha256) ?? 0,
    async inspect(path) {
      const file = files.get(path);
      if (!file) return { ok: false, refusal: { code: 'not_onnx', detail: 'There is no model file at this path.' } };
      return 'code' in file ? { ok: false, refusal: file } : { ok: true, file };
    },
    async run({ sha256 }, inputs, { timeoutMs }) {
      if (stopped) return failed('stopped', 'The runtime is closing.');
      counts.set(sha256, (counts.get(sha256) ?? 0) + 1);
      return bounded(outcomeOf(sha256, inputs), timeoutMs);
    },
    async warm() {},
    async stop() {
      stopped = true;
      for (const cut of [...endings]) cut();
    },
  };
};
