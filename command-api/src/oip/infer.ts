import { isKnown, Problem, problem, readPayload, waitSecondsMax } from '@hindcast/adapters/http';
import { isEnded, type PredictionDoc } from '@hindcast/domain';
import type { CommandContext } from '../command-ports.ts';
import { itemsMax } from '../prediction-request.ts';
import { resolveModel, versionFor } from '../resolve-model.ts';
import { submitMany } from '../submit-many.ts';
import type { Watch, Watches } from '../watch-predictions.ts';
import { badInference } from './inference-error.ts';
import { type InferenceRequest, parameterOf, type ReadRequest } from './inference-request.ts';
import { type OutputRow, type WrittenOutput, wantedOutputs, writeOutput } from './inference-response.ts';
import { requestRows } from './request-rows.ts';

export interface Inference {
  readonly version: number;
  readonly batchId: string;
  readonly outputs: readonly WrittenOutput[];
}

/** Beyond the deadline, for the notice that it has passed. */
const graceMs = 1_000;

/**
 * Submits the rows of a request and waits for all of them: predictions like any other, in the log and in every view.
 * @throws Problem `deadline-exceeded` where one of them has not ended in time, `prediction-failed` where one failed
 */
export const infer = async (
  context: CommandContext,
  watches: Watches,
  model: string,
  request: ReadRequest,
  traceparent: string | undefined,
): Promise<Inference> => {
  const { json } = request;
  const resolved = await resolveModel(context, model);
  const batchId = context.ports.identity.newId();
  const { version } = versionFor(resolved, batchId);
  const wanted = wantedOutputs(version.signature, json);
  const rows = requestRows(version.signature, request, itemsMax);
  const deadlineMs = timeoutMsOf(json, context.limits.deadlineMsMax);
  const waitMs = Math.min((deadlineMs ?? version.settings.deadlineMs) + graceMs, waitSecondsMax * 1_000);
  let watch: Watch<ReadonlyMap<string, PredictionDoc>> | undefined;
  const beforeAppend = (ids: readonly string[]): void => {
    watch = watches.watchAll(ids, ({ state }) => isEnded(state), waitMs);
    if (!watch) throw problem('not-ready', 'Too many requests are waiting.', { headers: { 'retry-after': '1' } });
  };
  try {
    const { outcomes } = await submitMany(context, {
      model,
      items: rows.map((input) => (json.id ? { input, referenceId: json.id } : { input })),
      pointer: '/rows',
      key: undefined,
      manner: { deadlineMs, traceparent },
      together: { batchId, resolved },
      beforeAppend,
    });
    const refused = outcomes.find((outcome) => outcome instanceof Problem);
    if (refused) throw refused;
    const docs = await watch?.seen;
    const answers: OutputRow[] = [];
    for (const outcome of outcomes) {
      if (!(outcome instanceof Problem)) answers.push(await outputOf(context, docs?.get(outcome.receipt.id)));
    }
    const outputs = wanted.map(({ spec, binary }) => writeOutput(version.signature, spec, binary, answers));
    return { version: version.version, batchId, outputs };
  } finally {
    watch?.stop();
  }
};

const microsecondsPerMs = 1_000;

/** The `timeout` parameter of the protocol is in microseconds. */
const timeoutMsOf = (json: InferenceRequest, msMax: number): number | undefined => {
  const timeout = parameterOf(json, 'timeout');
  if (timeout === undefined || timeout === 0) return undefined;
  if (typeof timeout === 'number' && timeout > 0 && timeout / microsecondsPerMs <= msMax) {
    return Math.ceil(timeout / microsecondsPerMs);
  }
  throw badInference('the parameter timeout must be a positive number of microseconds');
};

const outputOf = async ({ ports }: CommandContext, doc: PredictionDoc | undefined): Promise<OutputRow> => {
  if (!doc || !isKnown(doc) || !isEnded(doc.state)) {
    throw problem('deadline-exceeded', 'A prediction of the request has not ended in time; it goes on.');
  }
  const { status, error, output, outputRef } = doc.state;
  if (status === 'expired') throw problem('deadline-exceeded', error?.detail ?? 'The deadline has passed.');
  if (status !== 'succeeded') throw problem('prediction-failed', error?.detail ?? `The prediction was ${status}.`);
  return (outputRef ? await readPayload(ports.artifacts, outputRef) : output) as OutputRow;
};
