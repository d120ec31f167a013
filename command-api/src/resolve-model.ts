import { problem, unknownModel, unknownModelVersion } from '@hindcast/adapters/http';
import { findVersion, type ModelState, parseModelReference } from '@hindcast/domain';
import { type ChosenVersion, chooseVersion } from './choose-version.ts';
import type { CommandContext } from './command-ports.ts';

/** How long a request may wait for the catalog to reach the end of the log. */
const catchUpMsMax = 5_000;
/** How long a process may go on deciding with models that another process has changed. */
const staleMsMax = 5_000;

/** A model as a request names it: `churn`, or `churn@7`. */
export interface ResolvedModel {
  readonly name: string;
  readonly state: ModelState;
  readonly pinned: number | undefined;
}

const find = ({ ports, tenant }: CommandContext, reference: string): ResolvedModel | undefined => {
  const { model: name = '', version: pinned } = { ...parseModelReference(reference) };
  const state = ports.catalog.get(tenant, name);
  if (!state || (pinned !== undefined && !findVersion(state, pinned))) return undefined;
  return { name, state, pinned };
};

/**
 * The model, at once where the catalog has it and has lately been at the end of the log.
 *
 * @throws Problem `unknown-model`, `unknown-model-version`; `catalog-behind` where the models topic cannot be read in time
 */
export const resolveModel = (context: CommandContext, reference: string): ResolvedModel | Promise<ResolvedModel> => {
  const behind = context.ports.catalog.behind(staleMsMax, catchUpMsMax);
  if (behind) return caughtUp(context, behind).then(() => find(context, reference) ?? seek(context, reference));
  return find(context, reference) ?? seek(context, reference);
};

/** Nobody is told that a model is unknown before the log was read to its end. */
const seek = async (context: CommandContext, reference: string): Promise<ResolvedModel> => {
  await catchUp(context);
  const found = find(context, reference);
  if (found) return found;
  const name = reference.split('@', 1)[0] ?? reference;
  const known = context.ports.catalog.get(context.tenant, name);
  throw known ? unknownModelVersion(name, known) : unknownModel(name, context.ports.catalog.names(context.tenant));
};

/** @throws Problem `catalog-behind` where the end of the log cannot be reached in time. */
export const catchUp = (context: CommandContext): Promise<void> =>
  caughtUp(context, context.ports.catalog.catchUp(catchUpMsMax));

const caughtUp = async ({ ports }: CommandContext, reaching: Promise<void>): Promise<void> => {
  try {
    await reaching;
  } catch (error) {
    ports.logger.warn({ err: error }, 'The model catalog is behind.');
    throw problem('catalog-behind', 'The models topic could not be read to its end.', {
      headers: { 'retry-after': '1' },
    });
  }
};

/** The version that runs a request; `stickyKey` decides between champion and canary. */
export const versionFor = ({ name, state, pinned }: ResolvedModel, stickyKey: string): ChosenVersion => {
  const version = pinned === undefined ? undefined : findVersion(state, pinned);
  const choice: ChosenVersion | undefined = version
    ? { version, role: 'pinned', share: undefined }
    : chooseVersion(state, name, stickyKey);
  if (!choice) throw problem('unknown-model-version', `${name} has no version that takes requests.`);
  switch (choice.version.state) {
    case 'active':
      return choice;
    case 'retired':
      throw problem(
        'model-version-retired',
        `${name}@${choice.version.version} is retired, for good: name another version, or none.`,
      );
    case 'quarantined':
      throw problem('model-quarantined', `${name}@${choice.version.version} is quarantined.`, {
        headers: { 'retry-after': '60' },
      });
    default:
      return choice.version.state satisfies never;
  }
};
