import { isKnown, type KnownPredictionDoc, problem } from '@hindcast/adapters/http';
import { addressOf, isAbout, keyOf, type PredictionQuery, type WaitingLabel } from '@hindcast/domain';
import type { CommandContext } from '../command-ports.ts';
import type { LabelRequest } from './label-request.ts';
import type { LabeledRequest } from './label-warnings.ts';

/** Documents that are held at once: each may have a result in it. */
const pageMax = 200;

/** Of which predictions a label is, as far as the views know, and which others wait at its address. */
export type Labeled =
  | { readonly by: 'id'; readonly id: string; readonly about: readonly LabeledRequest[] }
  | {
      readonly by: 'address';
      readonly ids: readonly string[];
      readonly about: readonly LabeledRequest[];
      readonly waiting: readonly WaitingLabel[];
    };

/**
 * @throws Problem `too-many-matches`, `store-unavailable`
 */
export const findLabeled = async (context: CommandContext, label: LabelRequest): Promise<Labeled> => {
  const { tenant, ports } = context;
  if (label.id !== undefined) {
    const doc = await ports.views.prediction(keyOf(tenant, label.id));
    return { by: 'id', id: label.id, about: doc && isKnown(doc) ? [aboutOf(doc)] : [] };
  }
  const [found, at] = await Promise.all([
    matchesOf(context, label),
    ports.views.labels(keyOf(tenant, addressOf(label))),
  ]);
  return {
    by: 'address',
    ids: found.map(({ id }) => id),
    about: found.map((one) => one.about),
    waiting: at?.state.waiting ?? [],
  };
};

/** Without the input, which would be held for as long as the upload takes. */
const aboutOf = ({ state: { request } }: Pick<KnownPredictionDoc, 'state'>): LabeledRequest => ({
  model: request.model,
  version: request.version,
});

interface Match {
  readonly id: string;
  readonly about: LabeledRequest;
}

/** Newest first. */
const matchesOf = async (context: CommandContext, label: LabelRequest): Promise<readonly Match[]> => {
  const { labelMatchesMax, labelLookedAtMax } = context.limits;
  const found: Match[] = [];
  let looked = 0;
  for await (const { id, state } of candidates(context, label)) {
    looked += 1;
    if (isAbout(label, state.request)) found.push({ id, about: aboutOf({ state }) });
    if (label.match === 'latest' && found.length > 0) return found;
    if (found.length > labelMatchesMax)
      throw problem('too-many-matches', `More than ${labelMatchesMax} predictions match.`);
    if (looked >= labelLookedAtMax)
      throw problem('too-many-matches', `More than ${labelLookedAtMax} predictions have to be looked through.`);
  }
  return found;
};

async function* candidates(
  { ports, tenant }: CommandContext,
  { referenceId, entity, model }: LabelRequest,
): AsyncGenerator<KnownPredictionDoc> {
  const named = {
    ...{ tenant, limit: pageMax },
    ...(referenceId === undefined ? undefined : { referenceId }),
    ...(entity === undefined ? undefined : { entity }),
    ...(model === undefined ? undefined : { model }),
  };
  let before: PredictionQuery['before'];
  for (;;) {
    const page = (await ports.views.predictions({ ...named, ...(before && { before }) })).filter(isKnown);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < pageMax) return;
    before = { at: last.state.request.at, id: last.id };
  }
}
