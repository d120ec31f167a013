import type { PredictionQuery } from '@hindcast/domain';
import type { Filter } from 'mongodb';
import type { StoredDoc } from './view-forms.ts';

/** The index is named instead of left to the planner, so that a query costs the same today and tomorrow. */
export const predictionsFilter = (query: PredictionQuery): { filter: Filter<StoredDoc>; hint: string } => {
  const { tenant, status, model, version, entity, referenceId, batchId, since, until, before } = query;
  const range = {
    ...(since !== undefined && { $gte: since }),
    ...(until !== undefined && { $lt: until }),
    ...(before && { $lte: before.at }),
  };
  const filter = {
    tenant,
    // A partial index serves only a query that says what it says. Without a request there is no time either.
    requestedAt: Object.keys(range).length > 0 ? range : { $exists: true },
    ...(status !== undefined && { status }),
    ...(model !== undefined && { model }),
    ...(version !== undefined && { version }),
    ...(entity !== undefined && { entity }),
    ...(referenceId !== undefined && { referenceId }),
    ...(batchId !== undefined && { batchId }),
    ...(before && { $or: [{ requestedAt: { $lt: before.at } }, { _id: { $lt: `${tenant}/${before.id}` } }] }),
  };
  return { filter, hint: indexOf(query) };
};

/** The most selective index first. */
const indexOf = (query: PredictionQuery): string => {
  if (query.referenceId !== undefined) return 'reference';
  if (query.entity !== undefined) return 'entity';
  if (query.batchId !== undefined) return 'batch';
  if (query.status !== undefined && query.status !== 'succeeded') return 'status';
  return query.model !== undefined ? 'model' : 'time';
};
