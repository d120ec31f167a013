import { encode, makeEvent } from './event-codec.ts';
import { DEFAULT_TENANT, keyOf } from './event-envelope.ts';
import type { NewRecord } from './event-log.ts';
import type { LogOpened } from './log-opened.ts';
import { partitionOf } from './partitioning.ts';

/** A subject whose key belongs to the partition, so that the rule "a key has one partition" has no exception. */
const subjectOf = (partition: number, partitions: number): string => {
  let attempt = 0;
  let subject = `log-${partition}`;
  while (partitionOf(keyOf(DEFAULT_TENANT, subject), partitions) !== partition) {
    attempt += 1;
    subject = `log-${partition}-${attempt}`;
  }
  return subject;
};

/** The record that every adapter writes at offset 0 of a partition. */
export const openingRecord = (opening: LogOpened['data'] & { readonly id: string; readonly at: number }): NewRecord =>
  encode(
    makeEvent<LogOpened>({
      id: opening.id,
      source: '/hindcast/log',
      type: 'LogOpened',
      at: opening.at,
      tenant: DEFAULT_TENANT,
      subject: subjectOf(opening.partition, opening.partitions),
      data: {
        logId: opening.logId,
        epoch: opening.epoch,
        partition: opening.partition,
        partitions: opening.partitions,
      },
    }),
  );
