import { problem } from '@hindcast/adapters/http';
import {
  compileBatch,
  type ModelSignature,
  type ModelWarning,
  type RunOutcome,
  rowDependence,
  rowOutputs,
  type Tensor,
  trialRows,
} from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

export interface Trial {
  readonly sha256: string;
  readonly signature: ModelSignature;
  /** null where it would be too large: then nothing is tried. */
  readonly example: unknown;
  readonly timeoutMs: number;
  /** Rows that a run is meant to hold. */
  readonly batchMax: number;
}

/** Time for one run of a row that nobody asked for: a model that hangs on it delays its registration by no more. */
const probeTimeoutMs = 1_000;
/** Any number does: the rows of a file are to be the same each time. */
const rowsSeed = 1;

/**
 * Runs the example once, as a worker would: what cannot be run is not registered. Where more rows than one are to share a
 * run, a few others are run alone and together: models that mix the rows of a run load as well as others, and would give
 * answers that depend on what happened to wait beside them.
 * @throws Problem `trial-failed`
 */
export const tryModel = async (context: CommandContext, trial: Trial): Promise<ModelWarning[]> => {
  const { signature, example, batchMax } = trial;
  if (example === null) return [];
  const timeoutMs = Math.min(trial.timeoutMs, context.limits.trialTimeoutMs);
  const first = await run(context, trial, [example], timeoutMs);
  const failed = (reason: string, detail: string) => {
    const shown = JSON.stringify(example).slice(0, 512);
    return problem('trial-failed', `${detail} The example was ${shown}`, { reason });
  };
  if (!first.ok) throw failed(first.reason, first.detail);
  const outputs = rowOutputs(signature, first.outputs, 1);
  if (!outputs.ok) throw failed('unexpected_output', outputs.detail);
  // Where answers are drawn by lot, rows differ from run to run anyway.
  if (batchMax === 1 || !signature.replayable) return [];
  const dependence = await dependenceOfRows(context, trial, first.outputs, timeoutMs);
  if (dependence === undefined) return [];
  return [{ code: 'rows_not_independent', detail: `${dependence.slice(0, dependenceCharsMax)} ${oneByOne}` }];
};

/** It quotes the model, which may have long texts. */
const dependenceCharsMax = 512;
const oneByOne = 'So that no answer depends on what else is asked, one row at a time is run: batchMax is 1.';

const run = (
  { ports }: CommandContext,
  { sha256, signature }: Trial,
  rows: readonly unknown[],
  timeoutMs: number,
): Promise<RunOutcome> => ports.runtime.run({ sha256 }, compileBatch(signature).encode(rows), { timeoutMs });

/** A model may refuse rows that nobody asked for, or die of them: those that it answers alone are what is compared. */
const dependenceOfRows = async (
  context: CommandContext,
  trial: Trial,
  outputsOfExample: readonly Tensor[],
  timeoutMs: number,
): Promise<string | undefined> => {
  const { signature, example, batchMax } = trial;
  const answered = [example];
  const alone = [outputsOfExample];
  for (const row of trialRows(signature, example, rowsSeed).slice(1)) {
    if (answered.length === batchMax) break;
    const outcome = await run(context, trial, [row], Math.min(timeoutMs, probeTimeoutMs));
    if (!outcome.ok || !rowOutputs(signature, outcome.outputs, 1).ok) continue;
    answered.push(row);
    alone.push(outcome.outputs);
  }
  if (answered.length === 1) return undefined;
  const together = await run(context, trial, answered, timeoutMs);
  if (!together.ok) {
    if (together.reason !== 'rejected' && together.reason !== 'crashed') return undefined;
    return `${answered.length} rows that it answers alone fail in one run: ${together.detail}`;
  }
  const outputs = rowOutputs(signature, together.outputs, answered.length);
  return outputs.ok
    ? rowDependence(alone, together.outputs)
    : `In one run of ${answered.length} rows ${outputs.detail}.`;
};
