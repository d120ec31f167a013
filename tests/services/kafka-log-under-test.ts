import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { type KafkaEventLogOptions, openKafkaEventLog } from '@hindcast/adapters/kafka';
import { type AppendOutcome, type EventLog, type NewRecord, type RecordedRecord, TOPICS } from '@hindcast/domain';
import { contractPartitions } from '@hindcast/domain/contracts';
import type { ISocketFactory } from 'kafkajs';
import { expect } from 'vitest';

export const topic = TOPICS.predictions;
export const settleMs = 60_000;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
export const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

export const openLog = (brokers: readonly string[], options: Partial<KafkaEventLogOptions> = {}) =>
  openKafkaEventLog({
    brokers,
    clientId: 'hindcast-faults',
    topicPrefix: `${randomUUID()}.`,
    partitions: contractPartitions,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    now: Date.now,
    newId: randomUUID,
    logger: quiet,
    ...options,
  });

export const through =
  (port: number): ISocketFactory =>
  ({ onConnect }) =>
    connect({ host: '127.0.0.1', port }, onConnect);

/** Every record of the log, by partition. */
export const readAll = async (log: EventLog): Promise<RecordedRecord[][]> => {
  const bounds = await log.bounds(topic);
  return Promise.all(
    bounds.map(async ({ partition }) => {
      const records: RecordedRecord[] = [];
      for await (const page of log.read({ topic, partition, from: 0 })) records.push(...page);
      return records;
    }),
  );
};

export interface Appended {
  readonly record: NewRecord;
  readonly outcome: AppendOutcome;
}

/** Appends without end from several places at once, each record of a key with the next number. */
export const startAppending = (log: EventLog) => {
  const appended: Appended[] = [];
  const numbers = new Map(keys.map((key) => [key, 0]));
  let stopping = false;
  const writer = async () => {
    while (!stopping) {
      const records = keys.map((key) => {
        const number = numbers.get(key) ?? 0;
        numbers.set(key, number + 1);
        return { key, value: String(number), headers: { type: 'Test' } };
      });
      const outcomes = await log.append(topic, records);
      for (const [i, record] of records.entries()) {
        const outcome = outcomes[i];
        if (outcome) appended.push({ record, outcome });
      }
    }
  };
  const writers = Promise.all([writer(), writer(), writer()]);
  const count = (ok: boolean) => appended.filter(({ outcome }) => outcome.ok === ok).length;
  return {
    appended,
    acknowledged: () => count(true),
    refused: () => count(false),
    stop: async () => {
      stopping = true;
      await writers;
    },
  };
};

export const expectAllThere = (stored: readonly (readonly RecordedRecord[])[], appended: readonly Appended[]): void => {
  const missing = appended.filter(({ record, outcome }) => {
    if (!outcome.ok) return false;
    const found = stored[outcome.position.partition]?.[outcome.position.offset];
    return found?.key !== record.key || found.value !== record.value || found.appendedAt !== outcome.appendedAt;
  });
  expect(missing).toEqual([]);
};

/** The numbers of a key as a fold sees them, which ignores repeats. */
export const firstsOf = (stored: readonly (readonly RecordedRecord[])[], key: string): number[] => [
  ...new Set(stored.flat().flatMap((record) => (record.key === key ? [Number(record.value)] : []))),
];
export const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
