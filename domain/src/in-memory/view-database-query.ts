import type { PredictionDoc, PredictionQuery } from '../view-store.ts';

/** The documents that a query asks for, newest request first, ties by id from the greatest down. */
export const newestFirst = (docs: Iterable<PredictionDoc>, query: PredictionQuery): readonly PredictionDoc[] => {
  const found: { at: number; doc: PredictionDoc }[] = [];
  for (const doc of docs) {
    const { state } = doc;
    if (doc.tenant === query.tenant && state.status !== 'unknown' && fits(doc.id, state, query)) {
      found.push({ at: state.request.at, doc });
    }
  }
  found.sort((a, b) => b.at - a.at || (a.doc.id < b.doc.id ? 1 : -1));
  return found.slice(0, query.limit).map(({ doc }) => doc);
};

type Requested = Exclude<PredictionDoc['state'], { status: 'unknown' }>;

const fits = (id: string, { status, request }: Requested, query: PredictionQuery): boolean => {
  const { before } = query;
  return (
    (query.status === undefined || status === query.status) &&
    (query.model === undefined || request.model === query.model) &&
    (query.version === undefined || request.version === query.version) &&
    (query.entity === undefined || request.entity === query.entity) &&
    (query.referenceId === undefined || request.referenceId === query.referenceId) &&
    (query.batchId === undefined || request.batchId === query.batchId) &&
    (query.since === undefined || request.at >= query.since) &&
    (query.until === undefined || request.at < query.until) &&
    (before === undefined || request.at < before.at || (request.at === before.at && id < before.id))
  );
};
