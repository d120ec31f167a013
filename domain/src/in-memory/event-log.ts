import {
  type AppendOutcome,
  type EventLog,
  LogError,
  type NewRecord,
  type PartitionBounds,
  type RecordedRecord,
  type Topic,
} from '../event-log.ts';
import { openingRecord } from '../log-opening.ts';
import { partitionOf } from '../partitioning.ts';
import type { Clock, NewId } from '../ports.ts';
import { refusalOf, wellFormed } from '../record-admission.ts';
import { type ConsumerGroupsOptions, createConsumerGroups } from './consumer-groups.ts';
import type { LogSource } from './consumer-groups-seat.ts';

export interface MemoryEventLogOptions extends Pick<ConsumerGroupsOptions, 'onConsumerFailure'> {
  readonly partitions: Readonly<Record<Topic, number>>;
  readonly now: Clock;
  readonly newId: NewId;
}

/** A log that runs in this process and can be closed. */
export interface LocalEventLog extends EventLog {
  /** Waits for running handlers and for what was appended; later appends are refused with `stopped`. */
  stop(): Promise<void>;
}

/** Records of one page of `read`. */
const pageRecordsMax = 500;

interface Partition {
  readonly records: RecordedRecord[];
  lastAt: number;
}

/** A log that is gone with its process: for tests, and for runs that are to leave nothing behind. It grows with what it holds. */
export const createMemoryEventLog = (options: MemoryEventLogOptions): LocalEventLog => {
  const logId = options.newId();
  const epoch = 0;
  const topics = new Map<Topic, Partition[]>();
  const commits = new Map<string, number>();
  let stopped = false;

  const partitionsOf = (topic: Topic): Partition[] => {
    const partitions = topics.get(topic);
    if (!partitions) throw new RangeError(`The log has no topic ${topic}.`);
    return partitions;
  };
  const partitionAt = (topic: Topic, partition: number): Partition => {
    const found = partitionsOf(topic)[partition];
    if (!found) throw new RangeError(`The topic ${topic} has no partition ${partition}.`);
    return found;
  };

  const store = (topic: Topic, partition: number, record: NewRecord): RecordedRecord => {
    const into = partitionAt(topic, partition);
    into.lastAt = Math.max(into.lastAt, options.now());
    const { key, value, headers, event } = wellFormed(record);
    const offset = into.records.length;
    const appendedAt = into.lastAt;
    const stored: RecordedRecord = event
      ? { key, value, headers, topic, partition, offset, appendedAt, event }
      : { key, value, headers, topic, partition, offset, appendedAt };
    into.records.push(stored);
    return stored;
  };

  for (const [topic, count] of Object.entries(options.partitions) as [Topic, number][]) {
    topics.set(
      topic,
      Array.from({ length: count }, () => ({ records: [], lastAt: 0 })),
    );
    for (let partition = 0; partition < count; partition++) {
      const opening = { logId, epoch, partition, partitions: count, id: options.newId(), at: options.now() };
      store(topic, partition, openingRecord(opening));
    }
  }

  const commitKey = (topic: Topic, group: string, partition: number): string => `${topic}/${partition}/${group}`;
  const source: LogSource = {
    partitions: (topic) => partitionsOf(topic).length,
    start: () => 0,
    end: (topic, partition) => partitionAt(topic, partition).records.length,
    fetch: (topic, partition, from, max) => partitionAt(topic, partition).records.slice(from, from + max),
    committed: (topic, group, partition) => commits.get(commitKey(topic, group, partition)),
    saveCommitted: (topic, group, partition, next) => commits.set(commitKey(topic, group, partition), next),
  };
  const groups = createConsumerGroups({ source, onConsumerFailure: options.onConsumerFailure });

  const append = (topic: Topic, record: NewRecord, partitions: number): AppendOutcome => {
    const refusal = refusalOf(record);
    if (refusal) return { ok: false, error: refusal };
    const { partition, offset, appendedAt } = store(topic, partitionOf(record.key, partitions), record);
    groups.wake(topic, partition);
    return { ok: true, position: { epoch, partition, offset }, appendedAt };
  };

  return {
    append: async (topic, records) => {
      if (stopped) return records.map(() => ({ ok: false, error: new LogError('stopped', 'The log is closed.') }));
      const partitions = partitionsOf(topic).length;
      return records.map((record) => append(topic, record, partitions));
    },
    consume: async (subscription, handlers) => {
      if (stopped) throw new LogError('stopped', 'The log is closed.');
      return groups.join(subscription, handlers);
    },
    read: async function* ({ topic, partition, from, to }) {
      const { records } = partitionAt(topic, partition);
      const end = Math.min(to ?? records.length, records.length);
      for (let at = Math.max(0, from); at < end; at += pageRecordsMax) {
        yield records.slice(at, Math.min(at + pageRecordsMax, end));
      }
    },
    bounds: async (topic): Promise<readonly PartitionBounds[]> =>
      partitionsOf(topic).map(({ records }, partition) => ({ logId, epoch, partition, start: 0, end: records.length })),
    stop: async () => {
      await groups.stop();
      stopped = true;
    },
  };
};
