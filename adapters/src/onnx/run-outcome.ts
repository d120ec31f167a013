import { DATATYPES, newTensorData, type RunOutcome, type Tensor } from '@hindcast/domain';
import { sessionThreads } from './child-protocol.ts';
import type { Ending, LaunchOptions } from './inference-process.ts';
import { runtimeWords } from './runtime-words.ts';

const constructors = new Map(DATATYPES.map((datatype) => [datatype, newTensorData(datatype, 0).constructor]));

/**
 * The outcome of a run that the child survived; undefined where it did not, or where it no longer keeps the protocol: a
 * model that took the child over must not be able to hurt the parent with what it sends.
 */
export const outcomeOfRun = (
  ending: Ending,
  runtime: string,
  limits: Pick<LaunchOptions, 'memoryBytesMax'>,
): RunOutcome | undefined => {
  if (ending.kind === 'failed') return { ok: false, reason: 'rejected', detail: runtimeWords(ending.detail, limits) };
  if (ending.kind !== 'ran' || !ending.outputs.every(isTensor)) return undefined;
  return { ok: true, outputs: ending.outputs, inferenceMs: ending.inferenceMs, runtime, threads: sessionThreads };
};

const isTensor = ({ name, datatype, shape, data }: Tensor): boolean =>
  typeof name === 'string' &&
  Array.isArray(shape) &&
  data.constructor === constructors.get(datatype) &&
  (!Array.isArray(data) || data.every((text) => typeof text === 'string'));
