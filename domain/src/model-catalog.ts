import { decode } from './event-codec.ts';
import { keyOf } from './event-envelope.ts';
import { type EventLog, TOPICS } from './event-log.ts';
import { evolveModel, findVersion, type ModelState, type ModelVersion, unknownModel } from './evolve-model.ts';
import type { ModelEvent } from './model-events.ts';

/**
 * The models topic, folded in memory by every process that decides or computes with models. Small, private to the
 * process, and exact: `catchUp` reads to the present end of the log before anybody is told that a model is unknown.
 */
export interface ModelCatalog {
  get(tenant: string, name: string): ModelState | undefined;
  version(tenant: string, name: string, version: number): ModelVersion | undefined;
  names(tenant: string): readonly string[];
  /** Resolves when everything appended before the call is folded; rejects after `timeoutMs`. */
  catchUp(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export const openModelCatalog = async (log: EventLog): Promise<ModelCatalog> => {
  const models = new Map<string, ModelState>();
  const next = new Map<number, number>();
  const waiters = new Set<() => void>();

  const consumer = await log.consume(
    { topic: TOPICS.models, group: null },
    {
      async onBatch({ partition, records }) {
        for (const record of records) {
          const decoded = decode(record);
          if (decoded.ok && isModelEvent(decoded.event)) {
            const before = models.get(record.key) ?? unknownModel;
            const stored = { event: decoded.event, offset: record.offset, appendedAt: record.appendedAt };
            const { state } = evolveModel(before, stored);
            models.set(record.key, state);
          }
          next.set(partition, record.offset + 1);
        }
        for (const check of waiters) check();
      },
    },
  );

  return {
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
    async catchUp(timeoutMs = 10_000) {
      const ends = await log.bounds(TOPICS.models);
      const reached = () => ends.every(({ partition, end }) => (next.get(partition) ?? 0) >= end);
      if (reached()) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => settle(() => reject(new Error(`The model catalog did not catch up within ${timeoutMs} ms.`))),
          timeoutMs,
        );
        const settle = (end: () => void) => {
          clearTimeout(timer);
          waiters.delete(check);
          end();
        };
        const check = () => reached() && settle(resolve);
        waiters.add(check);
      });
    },
    stop: () => consumer.stop(),
  };
};

const isModelEvent = (event: { type: string }): event is ModelEvent => event.type.startsWith('Model');
