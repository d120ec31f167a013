import type { Backlog } from '@hindcast/domain';
import type { OpenEntry } from './open-set.ts';

/** How many predictions are open, over all partitions of one process. */
export interface OpenCounts extends Pick<Backlog, 'open' | 'openOf'> {
  opened(entry: OpenEntry): void;
  closed(entry: OpenEntry): void;
}

/** Models that have nothing open leave no trace. */
export const createOpenCounts = (): OpenCounts => {
  const tenants = new Map<string, Map<string, number>>();
  let open = 0;
  return {
    open: () => open,
    openOf: (tenant, model) => tenants.get(tenant)?.get(model) ?? 0,
    opened({ tenant, fold }) {
      open += 1;
      const { model } = fold.request;
      const models = tenants.get(tenant);
      if (models) models.set(model, (models.get(model) ?? 0) + 1);
      else tenants.set(tenant, new Map([[model, 1]]));
    },
    closed({ tenant, fold }) {
      open -= 1;
      const { model } = fold.request;
      const models = tenants.get(tenant);
      const left = (models?.get(model) ?? 1) - 1;
      if (left > 0) models?.set(model, left);
      else models?.delete(model);
      if (models?.size === 0) tenants.delete(tenant);
    },
  };
};
