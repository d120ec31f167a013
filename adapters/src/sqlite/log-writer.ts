import {
  type AppendOutcome,
  type NewRecord,
  openingRecord,
  partitionOf,
  type RecordedRecord,
  refusalOf,
  wellFormed,
} from '@hindcast/domain';
import { createChunkEncoder } from './log-chunk.ts';
import { inTransaction, type LogDatabase } from './log-file.ts';
import { chunkRowId, endsRowId } from './log-frames.ts';
import type { LogTopic } from './log-topic.ts';

/** Bounds of one frame, and so of its rows: a reader of one record brings in its whole row. */
const frameRecordsMax = 2_000;
const frameUnitsMax = 1_048_576;

export interface AppendCall {
  readonly topic: LogTopic;
  readonly records: readonly NewRecord[];
}

/** What a flush has written to one topic and not yet committed. */
interface Draft {
  readonly topic: LogTopic;
  readonly ends: number[];
  readonly at: number;
  nextSeq: number;
  /** Records by partition: of the open frame, and of all frames of this flush. */
  open: (RecordedRecord[] | undefined)[];
  openRecords: number;
  openUnits: number;
  readonly written: (readonly RecordedRecord[])[];
}

export interface LogWriterOptions {
  readonly db: LogDatabase;
  readonly epoch: number;
  readonly now: () => number;
}

/** Turns append calls into rows, in one transaction per flush. A flush that throws has changed nothing, here or on disk. */
export const createLogWriter = ({ db, epoch, now }: LogWriterOptions) => {
  const encode = createChunkEncoder();
  const inserts = new Map<LogTopic, ReturnType<LogDatabase['prepare']>>();

  const insertInto = (topic: LogTopic) => {
    const known = inserts.get(topic);
    if (known) return known;
    const insert = db.prepare(`INSERT INTO ${topic.table} (id, at, first, count, body) VALUES (?, ?, ?, ?, ?)`);
    inserts.set(topic, insert);
    return insert;
  };

  const closeFrame = (draft: Draft): void => {
    if (draft.openRecords === 0) return;
    const insert = insertInto(draft.topic);
    insert.run([endsRowId(draft.nextSeq), draft.at, 0, 0, Buffer.from(JSON.stringify(draft.ends))]);
    for (const [partition, records] of draft.open.entries()) {
      const first = records?.[0];
      if (!records || !first) continue;
      const id = chunkRowId(draft.nextSeq, partition);
      insert.run([id, draft.at, first.offset, records.length, encode(records)]);
      draft.written.push(records);
    }
    draft.nextSeq += 1;
    draft.open = [];
    draft.openRecords = 0;
    draft.openUnits = 0;
  };

  const write = (draft: Draft, record: NewRecord, partition: number): RecordedRecord => {
    const offset = draft.ends[partition] as number;
    draft.ends[partition] = offset + 1;
    const { key, value, headers, event } = wellFormed(record);
    const { at: appendedAt } = draft;
    const { topic } = draft.topic;
    const recorded: RecordedRecord = event
      ? { key, value, headers, topic, partition, offset, appendedAt, event }
      : { key, value, headers, topic, partition, offset, appendedAt };
    const open = draft.open[partition];
    if (open) open.push(recorded);
    else draft.open[partition] = [recorded];
    draft.openRecords += 1;
    draft.openUnits += value.length;
    if (draft.openRecords >= frameRecordsMax || draft.openUnits >= frameUnitsMax) closeFrame(draft);
    return recorded;
  };

  const append = (draft: Draft, record: NewRecord): AppendOutcome => {
    const refusal = refusalOf(record);
    if (refusal) return { ok: false, error: refusal };
    const { partition, offset } = write(draft, record, partitionOf(record.key, draft.ends.length));
    return { ok: true, position: { epoch, partition, offset }, appendedAt: draft.at };
  };

  const draftOf = (topic: LogTopic): Draft => ({
    topic,
    ends: topic.ends.slice(),
    at: Math.max(now(), topic.lastAt),
    nextSeq: topic.nextSeq,
    open: [],
    openRecords: 0,
    openUnits: 0,
    written: [],
  });

  const publish = (draft: Draft): void => {
    const { topic } = draft;
    topic.ends = draft.ends;
    topic.nextSeq = draft.nextSeq;
    topic.lastAt = draft.at;
    for (const records of draft.written) topic.tails[records[0]?.partition ?? 0]?.push(records);
  };

  return {
    /** `also` is written in the same transaction. Answers the outcomes of each call, and where records were added. */
    flush: (calls: readonly AppendCall[], also: () => void) => {
      const drafts = new Map<LogTopic, Draft>();
      const outcomes = inTransaction(db, () => {
        const all = calls.map(({ topic, records }) => {
          const draft = drafts.get(topic) ?? draftOf(topic);
          drafts.set(topic, draft);
          return records.map((record) => append(draft, record));
        });
        for (const draft of drafts.values()) closeFrame(draft);
        also();
        return all;
      });
      for (const draft of drafts.values()) publish(draft);
      return { outcomes, written: [...drafts.values()].flatMap((draft) => draft.written) };
    },
    /** The first record of every partition of a new topic. */
    open: (topic: LogTopic, logId: string, newId: () => string): void => {
      const draft = draftOf(topic);
      const partitions = draft.ends.length;
      for (let partition = 0; partition < partitions; partition++) {
        const opening = { logId, epoch, partition, partitions, id: newId(), at: draft.at };
        write(draft, openingRecord(opening), partition);
      }
      closeFrame(draft);
      publish(draft);
    },
  };
};
