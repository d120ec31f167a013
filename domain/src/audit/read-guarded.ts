import { LogError, type RecordedRecord, type Topic } from '../event-log.ts';
import { recordAt } from '../record-at.ts';
import type { ReadableLog } from '../replay-plan.ts';

export interface GuardedRange {
  readonly topic: Topic;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}
type OnDamage = (offset: number, detail: string) => void;

/** A log that is away, or is being closed, says nothing about what it holds. */
const isDamage = (error: unknown): boolean =>
  !(error instanceof LogError && (error.code === 'unavailable' || error.code === 'stopped'));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Records of the range up to the first that cannot be read or is not at its place: that is told, and ends it. */
export async function* readGuarded(
  log: Pick<ReadableLog, 'read'>,
  range: GuardedRange,
  onDamage: OnDamage,
): AsyncGenerator<RecordedRecord> {
  if (range.from >= range.to) return;
  let next = range.from;
  const told = (offset: number): void => onDamage(next, `offset ${next} is missing: what follows is offset ${offset}`);
  try {
    for await (const page of log.read(range)) {
      for (const record of page) {
        if (record.offset !== next) return told(record.offset);
        yield record;
        next += 1;
      }
    }
    if (next < range.to) onDamage(next, `offset ${next} is missing, and what follows it`);
  } catch (error) {
    if (!isDamage(error)) throw error;
    yield* readOneByOne(log, { ...range, from: next }, onDamage);
  }
}

/** A page fails as a whole: its good records are still worth having, and tell where the bad one is. */
async function* readOneByOne(
  log: Pick<ReadableLog, 'read'>,
  { topic, partition, from, to }: GuardedRange,
  onDamage: OnDamage,
): AsyncGenerator<RecordedRecord> {
  for (let offset = from; offset < to; offset++) {
    let record: RecordedRecord | undefined;
    try {
      record = await recordAt(log, topic, partition, offset);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return onDamage(offset, `offset ${offset} cannot be read: ${messageOf(error)}`);
    }
    if (!record) return onDamage(offset, `offset ${offset} is missing`);
    yield record;
  }
}
