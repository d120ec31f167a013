import type { RecordedRecord, Topic } from '../event-log.ts';
import { TOPICS } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';

/** Every topic but the one that the checkpoints themselves are in. */
export const auditedTopics: readonly Topic[] = Object.values(TOPICS).filter((topic) => topic !== TOPICS.audit);

/** A record as one line of an export, without its end: the exact stored form, whose members are those of its leaf. */
export const auditLine = ({ topic, partition, offset, appendedAt, key, headers, value }: RecordedRecord): string =>
  JSON.stringify({ topic, partition, offset, appendedAt, key, headers, value });

/**
 * The record that a line holds.
 * @throws SyntaxError where it holds none
 */
export const parseAuditLine = (line: string): RecordedRecord => {
  const { topic, partition, offset, appendedAt, key, headers, value } = JSON.parse(line) as RecordedRecord;
  const texts = [topic, key, value, ...Object.values(headers ?? {})].every((text) => typeof text === 'string');
  if (!texts || ![partition, offset, appendedAt].every(Number.isSafeInteger) || typeof headers !== 'object') {
    throw new SyntaxError('The line is no record of a log.');
  }
  return { topic, partition, offset, appendedAt, key, headers, value };
};

/** The head of an export: which log it is of, and how far each partition goes. */
export interface AuditExportHead {
  readonly hindcastExport: 1;
  readonly logId: string;
  readonly epoch: number;
  readonly topics: readonly { readonly topic: Topic; readonly ends: readonly number[] }[];
}

/** The topic's partitions, none where the log is older than the topic. */
export const boundsOfTopic = async (log: Pick<ReadableLog, 'bounds'>, topic: Topic) => {
  try {
    return await log.bounds(topic);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
};

/** Which topics and partitions the log has now. */
export const auditExportHead = async (log: Pick<ReadableLog, 'bounds'>): Promise<AuditExportHead> => {
  const topics: AuditExportHead['topics'][number][] = [];
  let identity = { logId: '', epoch: 0 };
  for (const topic of [TOPICS.audit, ...auditedTopics]) {
    const bounds = await boundsOfTopic(log, topic);
    const [first] = bounds;
    if (!first) continue;
    identity = { logId: first.logId, epoch: first.epoch };
    topics.push({ topic, ends: bounds.map(({ end }) => end) });
  }
  return { hindcastExport: 1, ...identity, topics };
};
