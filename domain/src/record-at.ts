import type { RecordedRecord, Topic } from './event-log.ts';
import type { ReadableLog } from './replay-plan.ts';

/** The record at an offset; undefined where the log does not have it. A log knows that no more than one is wanted. */
export const recordAt = async (
  log: Pick<ReadableLog, 'read'>,
  topic: Topic,
  partition: number,
  offset: number,
): Promise<RecordedRecord | undefined> => {
  for await (const [record] of log.read({ topic, partition, from: offset, to: offset + 1 })) {
    return record?.offset === offset ? record : undefined;
  }
  return undefined;
};
