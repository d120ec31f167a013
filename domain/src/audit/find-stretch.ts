import { type RecordedRecord, TOPICS, type Topic } from '../event-log.ts';
import { firstSince } from '../replay.ts';
import type { ReadableLog } from '../replay-plan.ts';
import { auditKey, type SignedStretch, stretchOfRecord } from './signed-stretch.ts';

/** Topics may be kept by different machines, whose clocks differ. */
const clockSlackMs = 120_000;

/**
 * The checkpoint whose stretch holds the record, undefined where none does yet. A record is signed for soon after it was
 * stored, so that the search begins in the audit topic at the time of the record. Checkpoints of an epoch that ended, as by a
 * move to other partitions, are copied with the log and count other positions.
 */
export const findStretch = async (
  log: ReadableLog,
  { topic, partition, offset, appendedAt }: Pick<RecordedRecord, 'topic' | 'partition' | 'offset' | 'appendedAt'>,
): Promise<SignedStretch | undefined> => {
  const [bounds] = await log.bounds(TOPICS.audit);
  if (!bounds) return undefined;
  const { start, end, logId, epoch } = bounds;
  const key = auditKey({ topic: topic satisfies Topic, partition });
  const search = async (from: number, to: number): Promise<SignedStretch | undefined> => {
    for await (const page of log.read({ topic: TOPICS.audit, partition: bounds.partition, from, to })) {
      for (const record of page) {
        const stretch = record.key === key ? stretchOfRecord(record) : undefined;
        if (stretch?.checkpoint.logId !== logId || stretch.checkpoint.epoch !== epoch) continue;
        if (stretch.before.size <= offset && offset < stretch.checkpoint.size) return stretch;
      }
    }
    return undefined;
  };
  const likely = await firstSince(log, TOPICS.audit, bounds.partition, start, end, appendedAt - clockSlackMs);
  return (await search(likely, end)) ?? search(start, likely);
};
