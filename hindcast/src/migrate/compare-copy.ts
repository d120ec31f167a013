import { type EventLog, LogError, type RecordedRecord, type Topic } from '@hindcast/domain';
import type { PlannedTopic } from './copy-plan.ts';
import { createRecordDigest, differenceOf } from './record-digest.ts';

/** One partition of both sides, as far as the copy goes. */
export interface ComparedPartition {
  readonly topic: Topic;
  readonly partition: number;
  /** Of the source. */
  readonly records: number;
  readonly sha256: string;
  /** Of the target; equal where the copy is whole. */
  readonly copied: number;
  readonly copiedSha256: string;
  /** What the target has behind the copy. */
  readonly since: number;
}

/** Goes through a partition of the target beside the source, page by page. */
const openTarget = (target: Pick<EventLog, 'read'>, topic: Topic, partition: number, end: number) => {
  const pages = target.read({ topic, partition, from: 0, to: end })[Symbol.asyncIterator]();
  let page: readonly RecordedRecord[] = [];
  let at = 0;
  return {
    next: (): RecordedRecord | Promise<RecordedRecord> => {
      const record = page[at++];
      return record ?? turn();
    },
  };
  async function turn(): Promise<RecordedRecord> {
    const { done, value } = await pages.next();
    const record = done === true ? undefined : value[0];
    if (!record) throw new Error(`Partition ${partition} of topic ${topic} ended too early.`);
    page = value;
    at = 1;
    return record;
  }
};

/**
 * Reads all of the source and what the target has of it, and compares record by record.
 * @throws LogError `foreign_log` at the first record that is not what it should be
 */
export const compareTopic = async (
  { topic, partitions, records }: PlannedTopic,
  target: Pick<EventLog, 'read'>,
  ends: readonly number[],
  onCompared: (page: readonly RecordedRecord[]) => void,
): Promise<readonly ComparedPartition[]> => {
  if (ends.length > 0 && ends.length !== partitions) {
    throw new LogError(
      'foreign_log',
      `Topic ${topic} has ${ends.length} partitions in Kafka, and the copy is to have ${partitions}.`,
    );
  }
  const sides = Array.from({ length: partitions }, (_, partition) => {
    const end = ends[partition] ?? 0;
    return {
      end,
      source: createRecordDigest(),
      copy: createRecordDigest(),
      there: openTarget(target, topic, partition, end),
      records: 0,
    };
  });

  for await (const page of records()) {
    for (const record of page) {
      const side = sides[record.partition];
      if (!side) throw new RangeError(`The copy of ${topic} has no partition ${record.partition}.`);
      side.records += 1;
      side.source.add(record);
      if (record.offset >= side.end) continue;
      const next = side.there.next();
      const found = next instanceof Promise ? await next : next;
      const what = differenceOf(record, found);
      if (what) throw somethingElse(topic, record, what);
      side.copy.add(found);
    }
    onCompared(page);
  }
  return sides.map(({ end, source, copy, records: stored }, partition) => ({
    topic,
    partition,
    records: stored,
    sha256: source.sha256(),
    copied: Math.min(stored, end),
    copiedSha256: copy.sha256(),
    since: Math.max(0, end - stored),
  }));
};

const somethingElse = (topic: Topic, { partition, offset }: RecordedRecord, what: string): LogError =>
  new LogError(
    'foreign_log',
    `Kafka holds something else: topic ${topic}, partition ${partition}, offset ${offset} has another ${what} than the log. Copy to another topic prefix, or remove those topics if nobody needs them.`,
  );
