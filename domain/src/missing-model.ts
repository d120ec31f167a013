import { TOPICS } from './event-log.ts';
import { findVersion, type ModelState } from './evolve-model.ts';
import type { KnownModels } from './model-catalog.ts';
import { nearNames } from './near-names.ts';
import { openReplay, type ReplayedContent } from './replay.ts';
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
  return `Known: ${known.slice(0, namesMax).join(', ')}${more}.`;
};

export const versionsOf = (name: string, { versions }: Pick<ModelState, 'versions'>): string =>
  versions.length === 1 ? `${name} has only the version 1.` : `${name} has the versions 1 to ${versions.length}.`;

export interface SoughtModel {
  readonly model: string;
  /** undefined where it does not matter. */
  readonly version?: number | undefined;
  readonly tenant: string;
  readonly signal?: AbortSignal;
}

/**
 * Says that the log knows no such model, or version, and nothing where it does. One whose predictions were imported need not
 * be registered, and then any version may have answered: what is not is looked for in the whole log.
 */
export const missingModel = async (
  log: ReadableLog,
  models: Pick<KnownModels, 'get' | 'names'>,
  { model, version, tenant, signal }: SoughtModel,
): Promise<string | undefined> => {
  const known = models.get(tenant, model);
  if (known && (version === undefined || findVersion(known, version))) return undefined;
  const replay = await openReplay(log, { topic: TOPICS.predictions, model, tenant, ...(known ? {} : { limit: 1 }) });
  if (!replay.ok) return undefined;
  for await (const { records } of replay.pages()) {
    const found = known ? records.some(({ content }) => isImportOf(content, version)) : records.length > 0;
    if (found || signal?.aborted) return undefined;
  }
  return known ? versionsOf(model, known) : unknownModelDetail(model, models.names(tenant));
};

const isImportOf = (content: ReplayedContent, version: number | undefined): boolean =>
  content.ok &&
  content.event.type === 'PredictionRequested' &&
  content.event.data.imported !== undefined &&
  content.event.data.version === version;
