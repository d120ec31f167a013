import type { DomainEvent } from './domain-events.ts';
import { decode } from './event-codec.ts';
import { keyOf } from './event-envelope.ts';
import { type EventLog, type RecordedRecord, TOPICS } from './event-log.ts';
import { evolveModel, findVersion, type ModelState, type ModelVersion, unknownModel } from './evolve-model.ts';
import type { ModelEvent } from './model-events.ts';
import type { ReadableLog } from './replay-plan.ts';
import { followTopic, type TopicFollower } from './topic-follower.ts';

/** Models as the log has them. */
export interface KnownModels {
  get(tenant: string, name: string): ModelState | undefined;
  version(tenant: string, name: string, version: number): ModelVersion | undefined;
  names(tenant: string): readonly string[];
}

/**
 * The models topic, folded in memory by every process that decides or computes with models. Small, private to the
 * process, and exact: `catchUp` reads to the present end of the log before anybody is told that a model is unknown.
 */
export interface ModelCatalog extends TopicFollower, KnownModels {}

export const openModelCatalog = async (log: EventLog): Promise<ModelCatalog> => {
  const { take, known } = foldModels();
  return { ...(await followTopic(log, TOPICS.models, 'model catalog', take)), ...known };
};

/** The models at the present end of a log that can only be read. */
export const readModels = async (log: ReadableLog): Promise<KnownModels> => {
  const { take, known } = foldModels();
  for (const { partition, start, end } of await log.bounds(TOPICS.models)) {
    for await (const page of log.read({ topic: TOPICS.models, partition, from: start, to: end })) {
      for (const record of page) {
        const decoded = decode(record);
        if (decoded.ok) take(record, decoded.event);
      }
    }
  }
  return known;
};

const foldModels = () => {
  const models = new Map<string, ModelState>();
  const known: KnownModels = {
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
  const take = ({ key, offset, appendedAt }: RecordedRecord, event: DomainEvent): void => {
    if (!isModelEvent(event)) return;
    const { state } = evolveModel(models.get(key) ?? unknownModel, { event, offset, appendedAt });
    models.set(key, state);
  };
  return { take, known };
};

const isModelEvent = (event: { type: string }): event is ModelEvent => event.type.startsWith('Model');
