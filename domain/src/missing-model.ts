import { TOPICS } from './event-log.ts';
import type { ModelState } from './evolve-model.ts';
import type { KnownModels } from './model-catalog.ts';
import { nearNames } from './near-names.ts';
import { openReplay } from './replay.ts';
import type { ReadableLog } from './replay-plan.ts';

/** Names that one text lists. */
const namesMax = 10;

/** With the names that may have been meant, else those there are. To be said only when the log was read to its end. */
export const unknownModelDetail = (name: string, known: readonly string[]): string => {
  const near = nearNames(name, known);
  return `No model is named ${name}. ${near.length > 0 ? `Did you mean ${near.join(' or ')}?` : whatThereIs(known)}`;
};

const whatThereIs = (known: readonly string[]): string => {
  if (known.length === 0) return 'No model is registered yet.';
  const more = known.length > namesMax ? ` and ${known.length - namesMax} more: GET /v1/models lists all` : '';
  return `There is ${known.slice(0, namesMax).join(', ')}${more}.`;
};

export const versionsOf = (name: string, { versions }: Pick<ModelState, 'versions'>): string =>
  versions.length === 1 ? `${name} has only the version 1.` : `${name} has the versions 1 to ${versions.length}.`;

/**
 * Says that the log knows no such model, and nothing where it does. One whose predictions were imported need not be
 * registered: what is not is looked for in the whole log.
 */
export const missingModel = async (
  log: ReadableLog,
  models: Pick<KnownModels, 'names'>,
  { model, tenant, signal }: { readonly model: string; readonly tenant: string; readonly signal?: AbortSignal },
): Promise<string | undefined> => {
  const known = models.names(tenant);
  if (known.includes(model)) return undefined;
  const replay = await openReplay(log, { topic: TOPICS.predictions, model, tenant, limit: 1 });
  if (!replay.ok) return undefined;
  for await (const { records } of replay.pages()) if (records.length > 0 || signal?.aborted) return undefined;
  return unknownModelDetail(model, known);
};
