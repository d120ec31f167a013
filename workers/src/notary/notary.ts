import {
  type AuditCheckpointSigned,
  type AuditCrypto,
  auditedTopics,
  auditSubject,
  checkpointText,
  createTreeHash,
  DEFAULT_TENANT,
  type EventLog,
  encode,
  formatNoteKey,
  type Identity,
  keyNameOf,
  type LogConsumer,
  type Logger,
  makeEvent,
  noteKeyOf,
  type RecordBatch,
  type Running,
  recentRecordsMax,
  type SigningKey,
  signNote,
  stretchData,
  TOPICS,
  type Topic,
} from '@hindcast/domain';
import { createCaughtUp } from '../caught-up.ts';
import { createDurableAppender } from '../durable-append.ts';
import { settledWithin } from '../settled-within.ts';
import { type LedgerDraft, openLedger, type PartitionLedger } from './partition-ledger.ts';
import { resumePartition } from './resume-partition.ts';

export interface NotaryPorts {
  readonly log: EventLog;
  readonly crypto: AuditCrypto;
  readonly signingKey: SigningKey;
  readonly identity: Pick<Identity, 'now' | 'newId'>;
  readonly logger?: Logger;
}

export interface NotaryOptions {
  /** Notaries of one group share the partitions. */
  readonly group: string;
  /** Shortest time between two checkpoints of a partition; only `stop` and a full stretch come sooner. */
  readonly checkpointMsMin?: number;
  /** Longest time that `stop` waits for the log to take the last checkpoints. */
  readonly stopMsMax?: number;
}

export interface NotaryStats {
  readonly partitions: number;
  /** Since the start: records hashed, and the time that took. */
  readonly records: number;
  readonly hashingMs: number;
  readonly checkpoints: number;
  /** Partitions of which the log no longer holds what was signed. */
  readonly mismatches: readonly string[];
}

export type Notary = Running & { stats(): NotaryStats };

const checkpointMsDefault = 5_000;
/** A checkpoint this far from the end of the audit topic is repeated, so that a start finds it. */
const repeatAfterRecords = recentRecordsMax / 2;

/**
 * Hashes every record of every topic but its own into a tree for each partition, and signs what it has read. Two at the
 * same time sign the same roots. What it finds changed it says loudly, and vouches for that partition no more.
 */
export const startNotary = async (ports: NotaryPorts, options: NotaryOptions): Promise<Notary> => {
  const { log, crypto, signingKey, identity, logger } = ports;
  const { group, checkpointMsMin = checkpointMsDefault, stopMsMax = 5_000 } = options;
  const [{ logId } = { logId: '' }] = await log.bounds(TOPICS.audit);
  const key = noteKeyOf(crypto, keyNameOf(logId), signingKey.publicKey);
  const keyText = formatNoteKey(key);
  const hash = createTreeHash(crypto);
  const appender = createDurableAppender(log, logger);
  const ledgers = new Map<string, PartitionLedger>();
  const mismatches = new Set<string>();
  const consumers = new Map<Topic, LogConsumer>();
  const counts = { records: 0, hashingMs: 0, checkpoints: 0 };
  let auditEnd = 0;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let stopping = false;

  const recordOf = ({ of, size, root, before, marks }: LedgerDraft) => {
    const note = signNote(crypto, key, signingKey.sign, checkpointText({ ...of, size, root }));
    const data = stretchData({ checkpoint: { ...of, size, root }, note, key: keyText, before, marks });
    return encode(
      makeEvent<AuditCheckpointSigned>({
        ...{ id: identity.newId(), source: '/hindcast/notary', type: 'AuditCheckpointSigned', at: identity.now() },
        ...{ tenant: DEFAULT_TENANT, subject: auditSubject(of), data },
      }),
    );
  };

  const isFarBack = ({ signedAt }: PartitionLedger) =>
    signedAt !== undefined && signedAt < auditEnd - repeatAfterRecords;

  const signNow = async (wanted: readonly PartitionLedger[]): Promise<void> => {
    const held = wanted.filter((ledger) => ledgers.get(auditSubject(ledger.of)) === ledger);
    const due = held.flatMap((ledger) => {
      const draft = ledger.draft() ?? (isFarBack(ledger) ? ledger.repeat() : undefined);
      return draft ? [{ ledger, draft }] : [];
    });
    if (due.length === 0) return;
    const outcomes = await appender.append(
      TOPICS.audit,
      due.map(({ draft }) => recordOf(draft)),
    );
    for (const [at, { ledger, draft }] of due.entries()) {
      const outcome = outcomes[at];
      if (!outcome?.ok) {
        logger?.error({ subject: auditSubject(draft.of), err: outcome?.error }, 'a checkpoint was not stored');
        continue;
      }
      counts.checkpoints += 1;
      auditEnd = Math.max(auditEnd, outcome.position.offset + 1);
      ledger.settle(draft, outcome.position.offset);
      consumers.get(draft.of.topic as Topic)?.commit(draft.of.partition, draft.size);
    }
  };
  /** One after the other, so that no draft is made while another one is on its way. */
  const sign = (wanted: () => Iterable<PartitionLedger>): Promise<void> => {
    turn = turn.then(() => signNow([...wanted()]));
    return turn;
  };

  const arm = (): void => {
    if (stopping) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void sign(() => ledgers.values());
    }, checkpointMsMin);
  };

  const onBatch = async ({ topic, partition, records }: RecordBatch): Promise<void> => {
    const ledger = ledgers.get(auditSubject({ topic, partition }));
    if (!ledger) return;
    const { size } = ledger;
    for (let at = 0; at < records.length; ) {
      const startedAt = performance.now();
      at += ledger.take(records, at);
      counts.hashingMs += performance.now() - startedAt;
      if (at < records.length) await sign(() => [ledger]);
      if (at < records.length && ledger.unsigned > 0) throw new Error('The last checkpoint could not be stored.');
    }
    counts.records += ledger.size - size;
    if (ledger.unsigned > 0) arm();
    caughtUp.get(topic)?.moved();
  };

  const onAssigned = async (topic: Topic, partition: number): Promise<number | undefined> => {
    const bounds = (await log.bounds(topic)).find((one) => one.partition === partition);
    if (!bounds) return undefined;
    const of = { logId: bounds.logId, epoch: bounds.epoch, topic, partition };
    const resumed = await resumePartition({ log, crypto, hash, key }, { topic, bounds });
    if (!resumed.ok) {
      mismatches.add(auditSubject(of));
      logger?.error({ topic, partition }, `The log was changed: ${resumed.detail}. Run \`npx hindcast audit verify\`.`);
      caughtUp.get(topic)?.moved();
      return bounds.end;
    }
    auditEnd = Math.max(auditEnd, resumed.auditEnd);
    const ledger = openLedger(hash, of, resumed.start);
    ledgers.set(auditSubject(of), ledger);
    if (isFarBack(ledger)) arm();
    caughtUp.get(topic)?.moved();
    return ledger.size;
  };
  const onRevoked = (topic: Topic, partition: number): void => {
    ledgers.delete(auditSubject({ topic, partition }));
    caughtUp.get(topic)?.moved();
  };

  const nextOf = (topic: Topic) => (partition: number) => {
    const subject = auditSubject({ topic, partition });
    return mismatches.has(subject) ? Number.POSITIVE_INFINITY : ledgers.get(subject)?.size;
  };
  const caughtUp = new Map(auditedTopics.map((topic) => [topic, createCaughtUp(log, topic, nextOf(topic))]));
  for (const topic of auditedTopics) {
    const consumer = await log.consume(
      { topic, group },
      {
        onBatch,
        onAssigned: (partition) => onAssigned(topic, partition),
        onRevoked: (partition) => onRevoked(topic, partition),
      },
    );
    consumers.set(topic, consumer);
  }

  return {
    async whenCaughtUp() {
      await Promise.all([...caughtUp.values()].map((topic) => topic.wait()));
      await sign(() => ledgers.values());
    },
    stats: () => ({ ...counts, partitions: ledgers.size, mismatches: [...mismatches].sort() }),
    async stop() {
      stopping = true;
      clearTimeout(timer);
      const held = [...ledgers.values()];
      await settledWithin(
        sign(() => held),
        stopMsMax,
      );
      appender.giveUp();
      await Promise.all([...consumers.values()].map((consumer) => consumer.stop()));
    },
  };
};
