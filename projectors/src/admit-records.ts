import { type DomainEvent, decode, keyOf, partitionOf, type RecordedRecord, type Stored } from '@hindcast/domain';
import type { DeadLetter } from './dead-letters.ts';
import type { Slice } from './projection.ts';

/** An event that may be folded, and the record it came in. */
export interface Admitted<E> extends Stored<E> {
  readonly record: RecordedRecord;
}

export interface Admission<E> {
  /** By key, each in offset order. */
  readonly groups: ReadonlyMap<string, readonly Admitted<E>[]>;
  readonly refused: readonly DeadLetter[];
  readonly unknownTypes: number;
}

/** Sorts the records of a slice by key, and sets aside what no fold may see. */
export const admitRecords = <E extends DomainEvent>(
  slice: Slice,
  belongs: (event: DomainEvent) => event is E,
): Admission<E> => {
  const groups = new Map<string, Admitted<E>[]>();
  const refused: DeadLetter[] = [];
  let unknownTypes = 0;
  for (const record of slice.records) {
    const decoded = decode(record);
    if (!decoded.ok) {
      if (decoded.reason === 'unknown_type') unknownTypes += 1;
      else refused.push({ record, reason: 'undecodable', detail: decoded.detail });
      continue;
    }
    const { event } = decoded;
    if (event.type === 'LogOpened') continue;
    const fault = belongs(event) ? misplaced(record, event, slice) : wrongTopic(record, event);
    if (fault) {
      refused.push(fault);
      continue;
    }
    const admitted = { event: event as E, offset: record.offset, appendedAt: record.appendedAt, record };
    const group = groups.get(record.key);
    if (group) group.push(admitted);
    else groups.set(record.key, [admitted]);
  }
  return { groups, refused, unknownTypes };
};

const wrongTopic = (record: RecordedRecord, event: DomainEvent): DeadLetter => ({
  record,
  reason: 'wrong_topic',
  detail: `${event.type} does not belong into ${record.topic}.`,
});

const misplaced = (record: RecordedRecord, event: DomainEvent, slice: Slice): DeadLetter | undefined => {
  // A record that still carries its event was made and placed by this very process.
  if (record.event) return undefined;
  if (record.key !== keyOf(event.tenant, event.subject)) {
    return { record, reason: 'undecodable', detail: 'The key is not that of the tenant and subject.' };
  }
  const home = partitionOf(record.key, slice.partitions);
  if (home === slice.partition) return undefined;
  return { record, reason: 'wrong_partition', detail: `The key belongs to partition ${home} of ${slice.partitions}.` };
};
