import {
  type DomainEvent,
  type EndedDoc,
  type EventLog,
  encode,
  type PredictionDoc,
  type RecordedRecord,
  TOPICS,
  type Topic,
} from '@hindcast/domain';
import {
  createMemoryCompletionBus,
  createMemoryEventLog,
  createMemoryResultCache,
  createMemoryViews,
} from '@hindcast/domain/in-memory';

const partitions = {
  [TOPICS.predictions]: 3,
  [TOPICS.models]: 1,
  [TOPICS.jobs]: 2,
  [TOPICS.audit]: 1,
  [TOPICS.deadLetters]: 1,
};

/** A log, views and everything else that projectors work with, in memory; it notes what is announced. */
export const createProjectionWorld = () => {
  let time = 1_700_000_000_000;
  let ids = 0;
  const now = () => ++time;
  const log = createMemoryEventLog({ partitions, now, newId: () => `id-${++ids}` });
  const views = createMemoryViews({ now });
  const bus = createMemoryCompletionBus();
  const cache = createMemoryResultCache();
  const announced: string[] = [];
  const cached: string[] = [];
  const dropped: string[] = [];

  return {
    log,
    views,
    now,
    announced,
    cached,
    dropped,
    bus: {
      ...bus,
      publish(docs: readonly PredictionDoc[]) {
        announced.push(...docs.map(({ key, pos, state }) => `${key}@${pos} ${state.status}`));
        bus.publish(docs);
      },
    },
    cache: {
      ...cache,
      async put(docs: readonly EndedDoc[]) {
        cached.push(...docs.map(({ key }) => key));
        await cache.put(docs);
      },
      async drop(keys: readonly string[]) {
        dropped.push(...keys);
        await cache.drop(keys);
      },
    },
    /** The records come back from the log without the event they were made from, as from another process. */
    append: (events: readonly DomainEvent[], topic: Topic = TOPICS.predictions) =>
      log.append(
        topic,
        events.map((event) => encode(event)).map(({ key, value, headers }) => ({ key, value, headers })),
      ),
  };
};

export type ProjectionWorld = ReturnType<typeof createProjectionWorld>;

export const recordsIn = async (log: EventLog, topic: Topic): Promise<RecordedRecord[]> => {
  const records: RecordedRecord[] = [];
  for (const { partition, end } of await log.bounds(topic)) {
    for await (const page of log.read({ topic, partition, from: 1, to: end })) records.push(...page);
  }
  return records;
};
