import type { RecordedRecord } from '@hindcast/domain';
import type { PlannedTopic } from './copy-plan.ts';

/** Of one partition in one request, half of what is kept of it in memory. */
const sendRecordsMax = 5_000;
const sendBytesMax = 524_288;

interface Lane {
  gathered: RecordedRecord[];
  bytes: number;
  sending: Promise<void>;
}

/** Appends what the target does not have yet, one request at a time to each partition. */
export const copyTopic = async (
  { partitions, records }: PlannedTopic,
  ends: readonly number[],
  append: (partition: number, records: readonly RecordedRecord[]) => Promise<void>,
  onCopied: (records: number) => void,
): Promise<void> => {
  const lanes = Array.from(
    { length: partitions },
    (): Lane => ({ gathered: [], bytes: 0, sending: Promise.resolve() }),
  );
  const send = async (lane: Lane, partition: number): Promise<void> => {
    await lane.sending;
    const { gathered } = lane;
    if (gathered.length === 0) return;
    lane.gathered = [];
    lane.bytes = 0;
    lane.sending = append(partition, gathered).then(() => onCopied(gathered.length));
    // Whoever waits for the lane next is told of the failure.
    lane.sending.catch(() => {});
  };

  for await (const page of records()) {
    for (const record of page) {
      const lane = lanes[record.partition];
      if (!lane || record.offset < (ends[record.partition] ?? 0)) continue;
      lane.gathered.push(record);
      lane.bytes += record.key.length + record.value.length;
      if (lane.bytes >= sendBytesMax || lane.gathered.length >= sendRecordsMax) await send(lane, record.partition);
    }
  }
  for (const [partition, lane] of lanes.entries()) await send(lane, partition);
  await Promise.all(lanes.map(({ sending }) => sending));
};
