import { rmSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Logger, ModelRuntime } from '@hindcast/domain';
import { makeEmptyFolder } from './empty-folder.ts';
import { canLimitMemory, type LaunchOptions } from './inference-process.ts';
import { createInferenceSlot, type InferenceSlot } from './inference-slot.ts';
import { inspectModel } from './inspect-model.ts';
import { createLoadFailures } from './load-failures.ts';

export interface OnnxRuntimeOptions {
  /** Where the file with this digest lies; undefined where it is not at hand (yet). */
  readonly artifactPath: (sha256: string) => Promise<string | undefined>;
  /** Inference processes, each with one thread. */
  readonly children?: number;
  /** Estimated memory of all loaded models; the least recently used ones give way. */
  readonly memoryBudgetBytes?: number;
  /** Private memory of one child, models and tensors together, where the system can enforce it. */
  readonly childMemoryBytesMax?: number;
  readonly sessionsPerChildMax?: number;
  readonly spawnTimeoutMs?: number;
  readonly loadTimeoutMs?: number;
  readonly logger?: Logger;
}

const gibibyte = 2 ** 30;
const childMemoryBytesFloor = gibibyte;
const childMemoryBytesCeiling = 4 * gibibyte;

/** Runs ONNX models in child processes: one that crashes, hangs or eats memory takes only its own run with it. */
export const createOnnxRuntime = (options: OnnxRuntimeOptions): ModelRuntime => {
  const children = options.children ?? Math.max(2, availableParallelism());
  const fairShare = Math.floor(totalmem() / (children + 1));
  const memoryBytesMax =
    options.childMemoryBytesMax ?? Math.min(childMemoryBytesCeiling, Math.max(childMemoryBytesFloor, fairShare));
  const memoryBudgetBytes = options.memoryBudgetBytes ?? (memoryBytesMax * children) / 2;
  const { logger, loadTimeoutMs = 30_000, spawnTimeoutMs = 15_000 } = options;
  const launch: LaunchOptions = { folder: makeEmptyFolder(), memoryBytesMax, logger };
  if (!canLimitMemory()) logger?.warn({}, 'There is no prlimit: the memory of inference processes is not limited.');

  const failures = createLoadFailures(performance.now.bind(performance));
  const slots = Array.from({ length: children }, () =>
    createInferenceSlot({
      ...launch,
      artifactPath: options.artifactPath,
      failures,
      now: performance.now.bind(performance),
      loadedBytesMax: memoryBudgetBytes / children,
      sessionsMax: options.sessionsPerChildMax ?? 32,
      spawnTimeoutMs,
      loadTimeoutMs,
    }),
  );
  const stopping = new AbortController();
  let inspections: Promise<unknown> = Promise.resolve();
  let stopped: Promise<void> | undefined;

  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([inspections, ...slots.map((slot) => slot.stop())]);
    rmSync(launch.folder, { recursive: true, force: true });
  };

  return {
    slots: children,
    inspect(path) {
      // One at a time: a file that is made to cost memory costs it once.
      const inspected = inspections.then(() =>
        inspectModel(path, { ...launch, spawnTimeoutMs, loadTimeoutMs, stopping: stopping.signal }),
      );
      inspections = inspected;
      return inspected;
    },
    run: ({ sha256 }, inputs, { timeoutMs }) => bestSlot(slots, sha256).run(sha256, inputs, timeoutMs),
    warm: (sha256) => bestSlot(slots, sha256).warm(sha256),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
};

/**
 * The least busy child; among those one that has the model, else the one with the least in it. Where all are full of
 * models, that is the one to be replaced, and the one unused for longest goes first.
 */
const bestSlot = (slots: readonly InferenceSlot[], sha256: string): InferenceSlot => {
  let best = slots[0] as InferenceSlot;
  for (const slot of slots) {
    if (slot !== best && isBetter(slot, best, sha256)) best = slot;
  }
  return best;
};

const isBetter = (slot: InferenceSlot, than: InferenceSlot, sha256: string): boolean => {
  if (slot.pending !== than.pending) return slot.pending < than.pending;
  const has = slot.has(sha256);
  if (has !== than.has(sha256)) return has;
  if (has) return false;
  return slot.loadedBytes === 0 || than.loadedBytes === 0
    ? slot.loadedBytes < than.loadedBytes
    : slot.usedAt < than.usedAt;
};
