import type {
  Checkpoint,
  KeyPage,
  LabelsDoc,
  ModelDoc,
  PredictionDoc,
  PredictionQualityDoc,
  PredictionStatsDoc,
  ProjectionName,
  ViewDatabase,
  ViewGeneration,
  ViewReader,
} from '../view-store.ts';
import { PROJECTIONS } from '../view-store.ts';
import { newestFirst } from './view-database-query.ts';
import { createMemoryViewStore, type MemoryViewStore } from './view-database-store.ts';
import { createMemoryHandOver } from './view-hand-over.ts';

interface Stores {
  readonly status: MemoryViewStore<PredictionDoc>;
  readonly stats: MemoryViewStore<PredictionStatsDoc>;
  readonly quality: MemoryViewStore<PredictionQualityDoc>;
  readonly labels: MemoryViewStore<LabelsDoc>;
  readonly models: MemoryViewStore<ModelDoc>;
}

const emptyStores = (): Stores => ({
  status: createMemoryViewStore(),
  stats: createMemoryViewStore(),
  quality: createMemoryViewStore(),
  labels: createMemoryViewStore(),
  models: createMemoryViewStore(),
});

export interface MemoryViews extends ViewDatabase {
  /** What a store does that somebody empties while processes run. */
  lose(projection: ProjectionName): void;
}

/** Views that live as long as the process: lists are found by going through all documents of the generation. */
export const createMemoryViews = ({ now }: { now: () => number }): MemoryViews => {
  const generations = new Map<ProjectionName, ViewGeneration[]>();
  const lastNumbers = new Map<ProjectionName, number>();
  const filled = new Map<string, Stores>();
  for (const projection of PROJECTIONS) {
    generations.set(projection, [{ projection, generation: 1, state: 'live', createdAt: now() }]);
    filled.set(`${projection}#1`, emptyStores());
  }
  const listOf = (projection: ProjectionName): ViewGeneration[] => generations.get(projection) ?? [];
  const storesOf = (projection: ProjectionName, generation: number): Stores => {
    const stores = filled.get(`${projection}#${generation}`);
    if (!stores) throw new Error(`There is no generation ${generation} of ${projection}.`);
    return stores;
  };
  const live = (projection: ProjectionName): Stores => {
    const found = listOf(projection).find(({ state }) => state === 'live');
    if (!found) throw new Error(`There is no live generation of ${projection}.`);
    return storesOf(projection, found.generation);
  };
  const entryOf = (projection: ProjectionName, generation: number): ViewGeneration => {
    const found = listOf(projection).find((entry) => entry.generation === generation);
    if (!found) throw new Error(`There is no generation ${generation} of ${projection}.`);
    return found;
  };

  const reader: ViewReader = {
    prediction: async (key) => live('prediction-status').status.docs.get(key),
    predictions: async (query) => newestFirst(live('prediction-status').status.docs.values(), query),
    stats: async ({ tenant, model, since, until }) =>
      [...live('prediction-status').stats.docs.values()]
        .filter((doc) => doc.tenant === tenant && doc.hour >= since && doc.hour < until)
        .filter((doc) => model === undefined || doc.model === model)
        .sort((a, b) => a.hour - b.hour || compareText(a.key, b.key)),
    quality: async ({ tenant, model, since, until }) =>
      [...live('prediction-status').quality.docs.values()]
        .filter((doc) => doc.tenant === tenant && doc.model === model && doc.hour >= since && doc.hour < until)
        .sort((a, b) => a.hour - b.hour || compareText(a.key, b.key)),
    labels: async (key) => live('prediction-status').labels.docs.get(key),
    waitingLabels: async (page) =>
      pageOf(
        [...live('prediction-status').labels.docs.values()].filter(({ state }) => state.waiting.length > 0),
        page,
      ),
    unrequested: async (page) =>
      pageOf(
        [...live('prediction-status').status.docs.values()].filter(({ state }) => state.status === 'unknown'),
        page,
      ),
    model: async (key) => live('models').models.docs.get(key),
    models: async (tenant) =>
      [...live('models').models.docs.values()]
        .filter((doc) => doc.tenant === tenant)
        .sort((a, b) => compareText(a.name, b.name)),
    checkpoints: async (projection): Promise<readonly Checkpoint[]> => {
      const stores = live(projection);
      return projection === 'models' ? stores.models.checkpoints() : stores.status.checkpoints();
    },
  };

  const allGenerations = async () => PROJECTIONS.flatMap(listOf);
  const handOver = createMemoryHandOver(allGenerations);

  return {
    reader,
    handOver,
    generations: allGenerations,
    lose(projection) {
      for (const { generation } of listOf(projection)) filled.set(`${projection}#${generation}`, emptyStores());
      generations.set(projection, []);
      handOver.lose();
    },
    async create(projection) {
      const list = listOf(projection);
      const generation = (lastNumbers.get(projection) ?? 1) + 1;
      lastNumbers.set(projection, generation);
      const made: ViewGeneration = { projection, generation, state: 'building', createdAt: now() };
      filled.set(`${projection}#${generation}`, emptyStores());
      generations.set(projection, [...list, made]);
      return made;
    },
    async promote(projection, generation, under) {
      entryOf(projection, generation);
      if (under) handOver.promote(under);
      const moved = listOf(projection).map((entry): ViewGeneration => {
        if (entry.generation === generation) return { ...entry, state: 'live' };
        return entry.state === 'live' ? { ...entry, state: 'previous' } : entry;
      });
      generations.set(projection, moved);
    },
    async drop(projection, generation) {
      const dropped = entryOf(projection, generation);
      if (dropped.state === 'live') throw new Error(`Generation ${generation} of ${projection} is live.`);
      const kept = listOf(projection).filter((entry) => entry !== dropped);
      generations.set(projection, kept);
      filled.delete(`${projection}#${generation}`);
    },
    statusStore: (generation) => storesOf('prediction-status', generation).status,
    statsStore: (generation) => storesOf('prediction-status', generation).stats,
    qualityStore: (generation) => storesOf('prediction-status', generation).quality,
    labelsStore: (generation) => storesOf('prediction-status', generation).labels,
    modelStore: (generation) => storesOf('models', generation).models,
  };
};

const pageOf = <Doc extends { readonly key: string; readonly tenant: string }>(
  docs: readonly Doc[],
  { tenant, limit, after = '' }: KeyPage,
): readonly Doc[] =>
  docs
    .filter((doc) => doc.tenant === tenant && doc.key > after)
    .sort((a, b) => compareText(a.key, b.key))
    .slice(0, limit);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
