import {
  decode,
  encode,
  evolveModel,
  keyOf,
  type ModelEvent,
  type ModelEventOf,
  type ModelEventType,
  type ModelState,
  type ModelVerdict,
  makeEvent,
  TOPICS,
  unknownModel,
} from '@hindcast/domain';
import { type CommandContext, eventSource } from './command-ports.ts';
import { catchUp } from './resolve-model.ts';

/** What the fold made of a model event: the verdict on it, and the model just behind it. */
export interface ModelOutcome {
  readonly verdict: ModelVerdict;
  readonly state: ModelState;
}

/**
 * Appends a model event and folds the log up to it. The verdict is exact, whatever others append at the same time; and
 * when this resolves, this process decides with what the log holds.
 */
export const appendModelEvent = async <T extends ModelEventType>(
  context: CommandContext,
  name: string,
  type: T,
  data: ModelEventOf<T>['data'],
): Promise<ModelOutcome> => {
  const { ports, tenant } = context;
  const event = makeEvent<ModelEvent>({
    id: ports.identity.newId(),
    source: eventSource,
    type,
    at: ports.identity.now(),
    tenant,
    subject: name,
    data,
  });
  const [outcome] = await ports.log.append(TOPICS.models, [encode(event)]);
  if (!outcome?.ok) throw outcome?.error ?? new Error('The log answered no outcome.');
  const judged = await judgeAt(context, name, outcome.position);
  await catchUp(context);
  return judged;
};

const judgeAt = async (
  { ports, tenant }: CommandContext,
  name: string,
  { partition, offset }: { readonly partition: number; readonly offset: number },
): Promise<ModelOutcome> => {
  const key = keyOf(tenant, name);
  let outcome: ModelOutcome = { verdict: 'ignored:unknown_version', state: unknownModel };
  for await (const page of ports.log.read({ topic: TOPICS.models, partition, from: 0, to: offset + 1 })) {
    for (const record of page) {
      if (record.key !== key) continue;
      const decoded = decode(record);
      if (!decoded.ok || decoded.event.type === 'LogOpened') continue;
      const event = decoded.event as ModelEvent;
      outcome = evolveModel(outcome.state, { event, offset: record.offset, appendedAt: record.appendedAt });
    }
  }
  return outcome;
};
