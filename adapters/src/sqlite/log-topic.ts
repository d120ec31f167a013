import { LogError, type PartitionBounds, type Topic } from '@hindcast/domain';
import type { LogDatabase, TopicTable } from './log-file.ts';
import { createFrameReader, endsIn, endsRowId, type FrameReader, frameOfRow } from './log-frames.ts';
import { createLogTail, type LogTail } from './log-tail.ts';

/** A topic as its one writer knows it: what is committed, never what is only written. */
export interface LogTopic {
  readonly topic: Topic;
  readonly table: string;
  /** Offset that the next record of each partition will get. */
  ends: number[];
  nextSeq: number;
  lastAt: number;
  readonly tails: readonly LogTail[];
  readonly frames: FrameReader;
}

/** Where the topic's last frame left off. */
export const storedEnd = (db: LogDatabase, of: TopicTable) => {
  const { table, partitions } = of;
  const [last] = db.prepare(`SELECT id FROM ${table} ORDER BY id DESC LIMIT 1`).all() as { id: number }[];
  if (!last) return { nextSeq: 0, lastAt: 0, ends: new Array<number>(partitions).fill(0) };
  const seq = frameOfRow(last.id);
  const [row] = db
    .prepare(`SELECT at, body FROM ${table} WHERE id = ?`)
    .raw()
    .all([endsRowId(seq)]) as [at: number, body: Buffer][];
  const [lastAt, body] = row ?? [];
  const ends = body && endsIn(body, of);
  if (lastAt === undefined || !ends)
    throw new LogError('damaged', `The file of the log is damaged: ${table} has no ends for its frame ${seq}.`);
  return { nextSeq: seq + 1, lastAt, ends };
};

export const openTopic = (db: LogDatabase, table: TopicTable): LogTopic => {
  const topic: LogTopic = {
    topic: table.topic,
    table: table.table,
    ...storedEnd(db, table),
    tails: Array.from({ length: table.partitions }, createLogTail),
    frames: createFrameReader(db, table, () => topic.nextSeq),
  };
  return topic;
};

export const boundsOf = (
  { logId, epoch }: { readonly logId: string; readonly epoch: number },
  ends: readonly number[],
): PartitionBounds[] => ends.map((end, partition) => ({ logId, epoch, partition, start: 0, end }));
