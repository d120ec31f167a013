import { modelEtagOf, modelVersionNumber, problem } from '@hindcast/adapters/http';
import { findVersion, type ModelState, type Routing, versionsOf } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { championShare } from './choose-version.ts';
import type { CommandContext } from './command-ports.ts';
import { appendModelEvent } from './model-commands.ts';

const canariesMax = 8;

export const routingRequestSchema = Type.Object(
  {
    champion: modelVersionNumber,
    canary: Type.Optional(
      Type.Array(
        Type.Object(
          { version: modelVersionNumber, share: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }) },
          { additionalProperties: false },
        ),
        { maxItems: canariesMax, description: 'Sticky by entity, else by prediction' },
      ),
    ),
  },
  { additionalProperties: false, examples: [{ champion: 1 }] },
);

/** @throws Problem `precondition-required` without a revision, since any other condition would not prevent a race */
export const ifMatchRevision = (ifMatch: string | undefined): number => {
  const revision = /^"(\d{1,15})"$/.exec(ifMatch?.trim() ?? '')?.[1];
  if (revision === undefined) {
    throw problem('precondition-required', 'Send the ETag of the model in If-Match, such as If-Match: "3".');
  }
  return Number(revision);
};

/** @returns the model just behind the move */
export const moveRouting = async (
  context: CommandContext,
  name: string,
  before: ModelState,
  base: number,
  request: Static<typeof routingRequestSchema>,
): Promise<ModelState> => {
  if (before.revision !== base) throw changed(before);
  const routing: Routing = { champion: request.champion, canary: request.canary ?? [] };
  refuseImpossible(name, before, routing);
  const { state, verdict } = await appendModelEvent(context, name, 'ModelRoutingMoved', { routing, base });
  if (verdict === 'ignored:stale_base') throw changed(state);
  if (verdict !== 'accepted') throw problem('invalid-routing', 'A version that it names is not active any more.');
  return state;
};

const changed = (state: ModelState) =>
  problem('routing-changed', `The model is at revision ${state.revision} now.`, {
    headers: { etag: modelEtagOf(state) },
  });

/** Versions that one text lists, the newest. */
const versionsNamedMax = 10;

const othersOf = ({ versions }: Pick<ModelState, 'versions'>): string => {
  const active = versions.filter(({ state }) => state === 'active').map(({ version }) => version);
  if (active.length === 0) return 'None is active: add another one.';
  return `Take an active one, such as ${active.slice(-versionsNamedMax).join(', ')}.`;
};

const refuseImpossible = (name: string, model: ModelState, routing: Routing): void => {
  const targets = [
    { pointer: '/champion', version: routing.champion },
    ...routing.canary.map(({ version }, at) => ({ pointer: `/canary/${at}/version`, version })),
  ];
  const errors = targets.flatMap(({ pointer, version }, at) => {
    const state = findVersion(model, version)?.state;
    if (state === undefined) return [{ pointer, detail: `Version ${version} is unknown: ${versionsOf(name, model)}` }];
    if (state !== 'active') return [{ pointer, detail: `Version ${version} is ${state}. ${othersOf(model)}` }];
    const twice = targets.findIndex((other) => other.version === version) < at;
    return twice ? [{ pointer, detail: `Version ${version} is named twice.` }] : [];
  });
  if (championShare(routing) <= 0) errors.push({ pointer: '/canary', detail: 'The shares must sum to less than 1.' });
  if (errors.length > 0) throw problem('invalid-routing', errors[0]?.detail ?? '', { errors });
};
