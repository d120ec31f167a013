import { type RecordedRecord, TOPICS } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';
import { auditSubject, type SignedStretch, stretchOfRecord } from './signed-stretch.ts';

/** How far from the end of the audit topic the newest checkpoint of every partition is: notaries repeat older ones. */
export const recentRecordsMax = 4_096;

export interface RecentStretch extends SignedStretch {
  /** Where in the audit topic it is. */
  readonly offset: number;
}

export interface RecentStretches {
  /** The newest of each partition, by `topic/partition`. */
  readonly stretches: ReadonlyMap<string, RecentStretch>;
  /** Where the audit topic ends. */
  readonly end: number;
}

/** Reads the end of the audit topic, which takes the same time however long it is. */
export const readRecentStretches = async (log: ReadableLog): Promise<RecentStretches> => {
  const [bounds] = await log.bounds(TOPICS.audit);
  if (!bounds) return { stretches: new Map(), end: 0 };
  const { logId, epoch, partition, start, end } = bounds;
  const newest = new Map<string, RecordedRecord>();
  const from = Math.max(start, end - recentRecordsMax);
  for await (const page of log.read({ topic: TOPICS.audit, partition, from, to: end })) {
    for (const record of page) newest.set(record.key, record);
  }
  const stretches = new Map<string, RecentStretch>();
  for (const record of newest.values()) {
    const stretch = stretchOfRecord(record);
    if (stretch?.checkpoint.logId !== logId || stretch.checkpoint.epoch !== epoch) continue;
    stretches.set(auditSubject(stretch.checkpoint), { ...stretch, offset: record.offset });
  }
  return { stretches, end };
};
