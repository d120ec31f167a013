import { isKnown, type KnownPredictionDoc } from '@hindcast/adapters/http';
import type { PredictionQuery } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

/** Documents that are held at once: each may have a result in it. */
const pageMax = 100;

/** Every item under a batch id that the view has, page by page: also those of a batch that lost its key. */
export async function* itemsInView(
  { ports, tenant }: CommandContext,
  batchId: string,
): AsyncGenerator<KnownPredictionDoc> {
  let before: PredictionQuery['before'];
  for (;;) {
    const query = { tenant, batchId, limit: pageMax, ...(before === undefined ? undefined : { before }) };
    const page = (await ports.views.predictions(query)).filter(isKnown);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < pageMax) return;
    before = { at: last.state.request.at, id: last.id };
  }
}
