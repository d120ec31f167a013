import { randomUUID } from 'node:crypto';
import {
  type AuditReport,
  type EventLog,
  encode,
  type LogToVerify,
  type NewRecord,
  type RecordedRecord,
  type SignedStretch,
  stretchOfRecord,
  TOPICS,
  type Topic,
  verifyLog,
} from '@hindcast/domain';
import { createMemoryEventLog } from '@hindcast/domain/in-memory';
import { aPredictionRequested, aSigningKey, auditCrypto } from '@hindcast/domain/testing';
import { type NotaryOptions, type NotaryPorts, startNotary } from '../notary/notary.ts';

/** Records by `topic/partition`: what somebody who can write to the disk can change. */
export type StoredRecords = Map<string, RecordedRecord[]>;

export const recordsToAppend = (count: number): readonly NewRecord[] =>
  Array.from({ length: count }, () => {
    const id = randomUUID();
    return encode(aPredictionRequested({ id, eventId: `request-${id}`, input: { x: Math.random() } }));
  });

/** A log in memory with a notary or several. */
export const createNotaryWorld = ({ partitions = 3 } = {}) => {
  const log = createMemoryEventLog({
    partitions: {
      [TOPICS.predictions]: partitions,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 1,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
    now: Date.now,
    newId: randomUUID,
  });
  const running: { stop(): Promise<void> }[] = [];
  const ports: NotaryPorts = {
    ...{ log, crypto: auditCrypto, signingKey: aSigningKey(), identity: { now: Date.now, newId: randomUUID } },
  };

  return {
    log,
    ports,
    append: async (count: number) => {
      await log.append(TOPICS.predictions, recordsToAppend(count));
    },
    async start(options: Partial<NotaryOptions> = {}, given: Partial<NotaryPorts> = {}) {
      const notary = await startNotary({ ...ports, ...given }, { group: 'notaries', ...options });
      running.push(notary);
      return notary;
    },
    async stretches(): Promise<SignedStretch[]> {
      const found: SignedStretch[] = [];
      for await (const page of log.read({ topic: TOPICS.audit, partition: 0, from: 0 })) {
        for (const record of page) found.push(...[stretchOfRecord(record) ?? []].flat());
      }
      return found;
    },
    /** A copy of everything that is stored, to be damaged. */
    async copy(): Promise<StoredRecords> {
      const stored: StoredRecords = new Map();
      for (const topic of Object.values(TOPICS)) {
        for (const { partition } of await log.bounds(topic)) {
          const records: RecordedRecord[] = [];
          for await (const page of log.read({ topic, partition, from: 0 })) records.push(...page);
          stored.set(`${topic}/${partition}`, records);
        }
      }
      return stored;
    },
    /** The log as it would be with these records in it: numbered as they stand, as every adapter does. */
    async withRecords(stored: StoredRecords): Promise<EventLog> {
      const of = (topic: Topic, partition: number) =>
        (stored.get(`${topic}/${partition}`) ?? []).map((record, offset): RecordedRecord => {
          const { event: _, ...plain } = record;
          return { ...plain, offset };
        });
      return {
        ...log,
        bounds: async (topic) =>
          (await log.bounds(topic)).map((one) => ({ ...one, end: of(topic, one.partition).length })),
        read: async function* ({ topic, partition, from, to }) {
          const records = of(topic, partition).slice(from, to);
          if (records.length > 0) yield records;
        },
      };
    },
    verify: (given: Partial<LogToVerify> = {}): Promise<AuditReport> =>
      verifyLog({ log, crypto: auditCrypto, ...given }),
    async close() {
      await Promise.all(running.map((part) => part.stop()));
      await log.stop();
    },
  };
};
export type NotaryWorld = ReturnType<typeof createNotaryWorld>;
