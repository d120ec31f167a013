import { problem } from '@hindcast/adapters/http';
import {
  compileInput,
  type DataRef,
  encode,
  type InputFault,
  makeEvent,
  type NewRecord,
  type PredictionRequested,
  type predictionRequestedData,
} from '@hindcast/domain';
import type { Static } from '@sinclair/typebox';
import type { ChosenVersion } from './choose-version.ts';
import { type CommandContext, eventSource } from './command-ports.ts';
import type { PredictionItem } from './prediction-request.ts';
import { type ResolvedModel, versionFor } from './resolve-model.ts';
import { storePayload } from './store-payload.ts';

/** What a request says beside its body. */
export interface Manner {
  readonly deadlineMs: number | undefined;
  readonly traceparent: string | undefined;
}

/** One prediction that may be appended. */
export interface Prepared {
  readonly id: string;
  readonly requestHash: string;
  readonly model: string;
  readonly chosen: ChosenVersion;
  readonly record: NewRecord;
}

/** Which item of which batch. */
export interface BatchPlace {
  readonly id: string;
  readonly index: number;
  /** Of a batch under a key: what tells it from any other under the same key, for as long as the log lives. */
  readonly keyed: { readonly hash: string; readonly items: number } | undefined;
}

export interface Draft {
  readonly id: string;
  readonly requestHash: string;
  readonly model: ResolvedModel;
  readonly item: PredictionItem;
  /** JSON pointer of the item in the body. */
  readonly pointer: string;
  readonly manner: Manner;
  readonly batch?: BatchPlace;
  /** Decides between champion and canary where there is no entity; the id where it is left out. */
  readonly chosenBy?: string;
  /** The batch, not the item, decides between champion and canary. */
  readonly together?: boolean;
}

/**
 * Everything that can be said against a prediction is said here, before the log sees it.
 * @throws Problem of the input or the wait
 */
export const preparePrediction = (context: CommandContext, draft: Draft): Prepared | Promise<Prepared> => {
  const { item, id, requestHash, model } = draft;
  const stickyKey = draft.together ? draft.batch?.id : (item.entity ?? draft.chosenBy);
  const chosen = versionFor(model, stickyKey ?? id);
  const faults = compileInput(chosen.version.signature)(item.input);
  if (faults.length > 0) throw invalidInput(faults, draft.pointer);
  const deadlineMs = draft.manner.deadlineMs ?? chosen.version.settings.deadlineMs;
  refuseLongWait(context, model.name, chosen.version, deadlineMs);
  const record = encode(requested(context, draft, chosen, deadlineMs), context.ports.backlog.shared?.door);
  const prepared = { id, requestHash, model: model.name, chosen, record };
  // One UTF-16 unit is at most three bytes, so a short text needs no count.
  if (record.value.length * 3 <= context.limits.eventBytesMax) return prepared;
  return fitted(context, draft, prepared, deadlineMs);
};

const refuseLongWait = (
  { ports, tenant }: CommandContext,
  model: string,
  version: ChosenVersion['version'],
  deadlineMs: number,
): void => {
  const waitMs = ports.backlog.expectedWaitMs(tenant, model, version);
  if (waitMs <= deadlineMs) return;
  const seconds = Math.min(60, Math.max(1, Math.ceil((waitMs - deadlineMs) / 1_000)));
  throw problem('backlog-too-long', 'The work that waits already would outlast the deadline.', {
    headers: { 'retry-after': String(seconds) },
  });
};

const invalidInput = (faults: readonly InputFault[], pointer: string) => {
  const errors = faults.map((fault) => ({ pointer: `${pointer}/input${fault.pointer}`, detail: fault.detail }));
  const first = errors[0];
  return problem('invalid-input', first ? `${first.pointer} ${first.detail}.` : 'The input does not fit.', { errors });
};

const requested = (
  { ports, tenant }: CommandContext,
  { id, requestHash, model, item, manner, batch }: Draft,
  { version, role, share }: ChosenVersion,
  deadlineMs: number,
  inputRef?: DataRef,
): PredictionRequested => {
  const data: Static<typeof predictionRequestedData> = {
    model: model.name,
    version: version.version,
    sha256: version.sha256,
    pool: version.settings.pool,
    role,
    requestHash,
    priority: item.priority ?? 'normal',
    deadlineMs,
  };
  if (inputRef) data.inputRef = inputRef;
  else data.input = item.input;
  if (share !== undefined) data.share = share;
  if (item.entity !== undefined) data.entity = item.entity;
  if (item.referenceId !== undefined) data.referenceId = item.referenceId;
  if (item.eventTime !== undefined) data.eventTime = item.eventTime;
  if (item.context !== undefined) data.context = item.context as Record<string, unknown>;
  if (batch) {
    data.batchId = batch.id;
    data.batchIndex = batch.index;
    if (batch.keyed) {
      data.batchHash = batch.keyed.hash;
      data.batchItems = batch.keyed.items;
    }
  }
  return makeEvent<PredictionRequested>({
    id: ports.identity.newId(),
    source: eventSource,
    type: 'PredictionRequested',
    at: ports.identity.now(),
    tenant,
    subject: id,
    correlationId: batch?.id,
    traceparent: manner.traceparent,
    data,
  });
};

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Moves the input of an event that is too large into the artifact store: never a silent drop. */
const fitted = async (
  context: CommandContext,
  draft: Draft,
  prepared: Prepared,
  deadlineMs: number,
): Promise<Prepared> => {
  const { ports, limits } = context;
  const { item, pointer } = draft;
  if (item.context !== undefined && bytesOf(JSON.stringify(item.context)) > limits.contextBytesMax) {
    const detail = `must have at most ${limits.contextBytesMax} bytes as JSON`;
    throw problem('invalid-body', `${pointer}/context ${detail}.`, {
      errors: [{ pointer: `${pointer}/context`, detail }],
    });
  }
  if (bytesOf(prepared.record.value) <= limits.eventBytesMax) return prepared;
  const inputRef = await storePayload(context, item.input);
  const event = requested(context, draft, prepared.chosen, deadlineMs, inputRef);
  return { ...prepared, record: encode(event, ports.backlog.shared?.door) };
};
