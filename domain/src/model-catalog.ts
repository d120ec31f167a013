import { keyOf } from './event-envelope.ts';
import { type EventLog, TOPICS } from './event-log.ts';
import { evolveModel, findVersion, type ModelState, type ModelVersion, unknownModel } from './evolve-model.ts';
import type { ModelEvent } from './model-events.ts';
import { followTopic, type TopicFollower } from './topic-follower.ts';

/**
 * The models topic, folded in memory by every process that decides or computes with models. Small, private to the
 * process, and exact: `catchUp` reads to the present end of the log before anybody is told that a model is unknown.
 */
export interface ModelCatalog extends TopicFollower {
  get(tenant: string, name: string): ModelState | undefined;
  version(tenant: string, name: string, version: number): ModelVersion | undefined;
  names(tenant: string): readonly string[];
}

export const openModelCatalog = async (log: EventLog): Promise<ModelCatalog> => {
  const models = new Map<string, ModelState>();
  const follower = await followTopic(log, TOPICS.models, 'model catalog', ({ key, offset, appendedAt }, event) => {
    if (!isModelEvent(event)) return;
    const { state } = evolveModel(models.get(key) ?? unknownModel, { event, offset, appendedAt });
    models.set(key, state);
  });

  return {
    ...follower,
    get: (tenant, name) => models.get(keyOf(tenant, name)),
    version: (tenant, name, version) => {
      const model = models.get(keyOf(tenant, name));
      return model && findVersion(model, version);
    },
    names: (tenant) =>
      [...models.keys()]
        .filter((key) => key.startsWith(`${tenant}/`))
        .map((key) => key.slice(tenant.length + 1))
        .sort(),
  };
};

const isModelEvent = (event: { type: string }): event is ModelEvent => event.type.startsWith('Model');
