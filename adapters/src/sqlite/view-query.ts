import type { PredictionQuery } from '@hindcast/domain';

export interface ViewSql {
  /** What follows `FROM <table>`; `<table>` stands where the name of an index needs it. */
  readonly where: string;
  readonly values: readonly (string | number)[];
}

/**
 * Every index ends in the time of the request, so that the newest come without sorting. The index is named instead of
 * left to the planner: without statistics it may choose the one over all rows, and a partial index only serves a
 * condition that is written out.
 */
export const predictionsSql = (query: PredictionQuery): ViewSql => {
  const values: (string | number)[] = [query.tenant];
  const conditions = ['tenant = ?', 'requested_at IS NOT NULL'];
  const and = (condition: string, ...bound: readonly (string | number | undefined)[]): void => {
    const given = bound.filter((value) => value !== undefined);
    if (given.length < bound.length) return;
    conditions.push(condition);
    values.push(...given);
  };
  and('status = ?', query.status);
  if (query.status !== undefined && query.status !== 'succeeded') and("status <> 'succeeded'");
  and('model = ?', query.model);
  and('version = ?', query.version);
  and('entity = ?', query.entity);
  and('reference_id = ?', query.referenceId);
  and('batch_id = ?', query.batchId);
  and('requested_at >= ?', query.since);
  and('requested_at < ?', query.until);
  const { before } = query;
  if (before) {
    and('(requested_at, key) < (?, ?)', before.at, `${query.tenant}/${before.id}`);
  }
  values.push(query.limit);
  return {
    where: `INDEXED BY <table>_${indexOf(query)} WHERE ${conditions.join(' AND ')} ORDER BY requested_at DESC, key DESC LIMIT ?`,
    values,
  };
};

/** The most selective index first. */
const indexOf = (query: PredictionQuery): string => {
  if (query.referenceId !== undefined) return 'reference';
  if (query.entity !== undefined) return 'entity';
  if (query.batchId !== undefined) return 'batch';
  if (query.status !== undefined && query.status !== 'succeeded') return 'status';
  return query.model !== undefined ? 'model' : 'time';
};
