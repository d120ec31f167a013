import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, RunOutcome, Tensor } from '@hindcast/domain';
import { type Ending, type InferenceProcess, type LaunchOptions, startInferenceProcess } from './inference-process.ts';
import type { LoadFailures } from './load-failures.ts';
import { outcomeOfRun } from './run-outcome.ts';
import { runtimeWords } from './runtime-words.ts';

type Failed = Extract<RunOutcome, { ok: false }>;

/** A place for one child, which is started when it is first needed and again after it is gone. */
export interface InferenceSlot {
  /** Work that holds the slot or waits for it. */
  readonly pending: number;
  readonly loadedBytes: number;
  readonly usedAt: number;
  has(sha256: string): boolean;
  run(sha256: string, inputs: readonly Tensor[], timeoutMs: number): Promise<RunOutcome>;
  warm(sha256: string): Promise<void>;
  stop(): Promise<void>;
}

export interface SlotOptions extends LaunchOptions {
  readonly artifactPath: (sha256: string) => Promise<string | undefined>;
  readonly failures: LoadFailures;
  readonly now: Clock;
  /** Estimated memory of the models that one child holds. A larger one is loaded alone. */
  readonly loadedBytesMax: number;
  readonly sessionsMax: number;
  readonly spawnTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

const backOffMsMin = 50;
const backOffMsMax = 5_000;
/** Weights are copied and repacked when a model is loaded. */
const memoryPerFileByte = 2;

const failed = (reason: Failed['reason'], detail: string): Failed => ({ ok: false, reason, detail });

export const createInferenceSlot = (options: SlotOptions): InferenceSlot => {
  const { artifactPath, failures, now } = options;
  const stopping = new AbortController();
  const loaded = new Map<string, { readonly session: number; readonly bytes: number }>();
  const waiting: (() => void)[] = [];
  let process: InferenceProcess | undefined;
  let runtime = 'onnxruntime-node/unknown';
  let sessions = 0;
  let pending = 0;
  let loadedBytes = 0;
  let usedAt = 0;
  /** Deaths since the last run that ended well. */
  let deaths = 0;

  const discard = async (): Promise<void> => {
    const gone = process;
    process = undefined;
    loaded.clear();
    loadedBytes = 0;
    await gone?.kill();
  };

  const ended = async (ending: Ending, doing: string): Promise<Failed> => {
    await discard();
    if (stopping.signal.aborted) return failed('stopped', 'The runtime is closing.');
    deaths += 1;
    if (ending.kind === 'timed_out')
      return failed('timed_out', `The process was killed while ${doing}: ${ending.detail}.`);
    const why = ending.kind === 'died' ? ending.detail : `it answered ${ending.kind}`;
    return failed('crashed', `The process died while ${doing}: ${why}.`);
  };

  const started = async (): Promise<InferenceProcess | Failed> => {
    if (process?.alive) return process;
    await discard();
    const backOffMs = deaths > 1 ? Math.min(backOffMsMax, backOffMsMin * 2 ** (deaths - 2)) : 0;
    if (backOffMs > 0) await delay(backOffMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (stopping.signal.aborted) return failed('stopped', 'The runtime is closing.');
    process = startInferenceProcess(options);
    const greeting = await process.ready(options.spawnTimeoutMs);
    if (greeting.kind !== 'ready') return ended(greeting, 'it started');
    runtime = greeting.runtime;
    return process;
  };

  const load = async (sha256: string): Promise<number | Failed> => {
    const known = failures.get(sha256);
    if (known !== undefined) return failed('load_failed', known);
    const found = await located(sha256);
    if ('ok' in found) return found;
    const estimate = found.bytes * memoryPerFileByte;
    // Releasing a session does not give all of its memory back: a child that is full is replaced by a fresh one.
    const full = loaded.size >= options.sessionsMax || loadedBytes + estimate > options.loadedBytesMax;
    if (loaded.size > 0 && full) await discard();
    const child = await started();
    if ('ok' in child) return child;
    const session = sessions++;
    const ending = await child.request({ kind: 'load', session, path: found.path }, options.loadTimeoutMs);
    if (ending.kind === 'failed') {
      const detail = runtimeWords(ending.detail, options);
      failures.set(sha256, detail);
      return failed('load_failed', detail);
    }
    if (ending.kind !== 'loaded') return ended(ending, 'it loaded the model');
    const bytes = Math.max(ending.bytes, found.bytes);
    loaded.set(sha256, { session, bytes });
    loadedBytes += bytes;
    return session;
  };

  const located = async (sha256: string): Promise<{ path: string; bytes: number } | Failed> => {
    try {
      const path = await artifactPath(sha256);
      if (path !== undefined) return { path, bytes: (await stat(path)).size };
    } catch (error) {
      options.logger?.warn({ err: error, sha256 }, 'A model file cannot be found.');
    }
    return failed('artifact_missing', `The artifact ${sha256} is not at hand.`);
  };

  const holding = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    pending += 1;
    if (pending > 1) await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      pending -= 1;
      usedAt = now();
      waiting.shift()?.();
    }
  };

  const sessionOf = async (sha256: string): Promise<number | Failed> => {
    if (stopping.signal.aborted) return failed('stopped', 'The runtime is closing.');
    if (process && !process.alive) await discard();
    return loaded.get(sha256)?.session ?? load(sha256);
  };

  return {
    get pending() {
      return pending;
    },
    get loadedBytes() {
      return loadedBytes;
    },
    get usedAt() {
      return usedAt;
    },
    has: (sha256) => loaded.has(sha256),
    run: (sha256, inputs, timeoutMs) =>
      holding(async () => {
        const session = await sessionOf(sha256);
        if (typeof session !== 'number') return session;
        const child = process as InferenceProcess;
        const ending = await child.request({ kind: 'run', session, inputs }, timeoutMs);
        const outcome = outcomeOfRun(ending, runtime, options);
        if (!outcome) return ended(ending, 'it ran the model');
        deaths = 0;
        return outcome;
      }),
    warm: (sha256) => holding(async () => void (await sessionOf(sha256))),
    async stop() {
      stopping.abort();
      await discard();
    },
  };
};
