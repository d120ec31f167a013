import type { OpenEntry } from './open-set.ts';

/** How many predictions are open, over all partitions of one process. */
export interface OpenCounts {
  readonly open: number;
  /** Those that are counted together under a name, see `createOpenCounts`. */
  of(tenant: string, name: string): number;
  list(): readonly { readonly tenant: string; readonly name: string; readonly open: number }[];
  opened(entry: OpenEntry): void;
  closed(entry: OpenEntry): void;
}

/** What has nothing open leaves no trace. */
export const createOpenCounts = (nameOf: (request: OpenEntry['fold']['request']) => string): OpenCounts => {
  const tenants = new Map<string, Map<string, number>>();
  let open = 0;
  return {
    get open() {
      return open;
    },
    of: (tenant, name) => tenants.get(tenant)?.get(name) ?? 0,
    list: () =>
      [...tenants].flatMap(([tenant, names]) => [...names].map(([name, count]) => ({ tenant, name, open: count }))),
    opened({ tenant, fold }) {
      open += 1;
      const name = nameOf(fold.request);
      const names = tenants.get(tenant);
      if (names) names.set(name, (names.get(name) ?? 0) + 1);
      else tenants.set(tenant, new Map([[name, 1]]));
    },
    closed({ tenant, fold }) {
      open -= 1;
      const name = nameOf(fold.request);
      const names = tenants.get(tenant);
      const left = (names?.get(name) ?? 1) - 1;
      if (left > 0) names?.set(name, left);
      else names?.delete(name);
      if (names?.size === 0) tenants.delete(tenant);
    },
  };
};
