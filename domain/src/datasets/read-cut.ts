import type { EventLog, RecordedRecord, Topic } from '../event-log.ts';
import { JobFailure } from '../job-handler.ts';
import type { DatasetCut } from './dataset-cut.ts';

/** The cut cannot be made from this log: nothing may be left out in silence. */
export class IncompleteCut extends JobFailure {
  constructor(topic: Topic, partition: number, offset: number) {
    super(
      'record_missing',
      `The log has no record at ${topic}, partition ${partition}, offset ${offset}: the cut is not whole.`,
    );
    this.name = 'IncompleteCut';
  }
}

/**
 * The records of a stretch of one partition, page by page, each offset of it once.
 * @throws IncompleteCut at the first offset that is not there
 */
export async function* readWhole(
  log: Pick<EventLog, 'read'>,
  topic: Topic,
  { partition, from, to }: { readonly partition: number; readonly from: number; readonly to: number },
): AsyncGenerator<readonly RecordedRecord[]> {
  let next = from;
  if (from < to) {
    for await (const page of log.read({ topic, partition, from, to })) {
      for (const { offset } of page) {
        if (offset !== next) throw new IncompleteCut(topic, partition, next);
        next += 1;
      }
      yield page;
      if (next >= to) break;
    }
  }
  if (next < to) throw new IncompleteCut(topic, partition, next);
}

/** Log time of the last record of the cut, ms since 1970; 0 where the cut is empty. Time of the log never runs back. */
export const readCutAt = async (log: Pick<EventLog, 'read'>, { topic, ranges }: DatasetCut): Promise<number> => {
  let cutAt = 0;
  for (const { partition, from, to } of ranges) {
    if (from >= to) continue;
    for await (const [last] of readWhole(log, topic, { partition, from: to - 1, to }))
      cutAt = Math.max(cutAt, last?.appendedAt ?? 0);
  }
  return cutAt;
};
