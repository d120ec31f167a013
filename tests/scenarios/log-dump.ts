import { TOPICS } from '@hindcast/domain';
import type { SystemUnderTest } from './system.ts';

/** A raw event of the predictions topic, read without the product's fold. */
export interface RawEvent {
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly causationid?: string;
  readonly data: Record<string, unknown>;
}

/** All prediction events in partition and offset order. Fails on a gap. */
export const dumpLog = async (log: SystemUnderTest['log']): Promise<readonly RawEvent[]> => {
  const events: RawEvent[] = [];
  for (const { partition, start, end } of await log.bounds(TOPICS.predictions)) {
    let next = start;
    for await (const page of log.read({ topic: TOPICS.predictions, partition, from: start, to: end })) {
      for (const record of page) {
        if (record.offset !== next) throw new Error(`partition ${partition} has a gap before offset ${record.offset}`);
        next += 1;
        events.push({ ...JSON.parse(record.value), partition, offset: record.offset });
      }
    }
    if (next !== end) throw new Error(`partition ${partition} ends at ${next}, not at ${end}`);
  }
  return events;
};

/** Whether an event asks for a prediction of the model. */
export const isRequestOf =
  (model: string) =>
  ({ type, data }: RawEvent): boolean =>
    type === 'PredictionRequested' && data['model'] === model;

const terminal = new Set(['PredictionSucceeded', 'PredictionFailed', 'PredictionCanceled', 'PredictionExpired']);

/**
 * The checker's own fold, written apart from the product's: the first request of an id wins, and the first terminal event
 * that answers it.
 * @returns by prediction id: the winning request and what ended it.
 */
export const foldRaw = (events: readonly RawEvent[]): Map<string, { request: RawEvent; end?: RawEvent }> => {
  const folded = new Map<string, { request: RawEvent; end?: RawEvent }>();
  for (const event of events) {
    const known = folded.get(event.subject);
    if (event.type === 'PredictionRequested' && !known) folded.set(event.subject, { request: event });
    if (known && !known.end && terminal.has(event.type) && event.causationid === known.request.id) known.end = event;
  }
  return folded;
};

/** `PredictionSucceeded` → `succeeded`, in the API's word. */
export const statusOf = (end: RawEvent | undefined): string =>
  end ? end.type.replace('Prediction', '').toLowerCase() : 'queued';
