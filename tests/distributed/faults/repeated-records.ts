import { randomUUID } from 'node:crypto';
import type { EventLog, NewRecord, RecordedRecord } from '@hindcast/domain';
import { TOPICS } from '@hindcast/domain';

const successesOf = async (log: EventLog): Promise<readonly RecordedRecord[]> => {
  const found: RecordedRecord[] = [];
  for (const { partition, start, end } of await log.bounds(TOPICS.predictions)) {
    for await (const page of log.read({ topic: TOPICS.predictions, partition, from: start, to: end })) {
      found.push(...page.filter(({ headers }) => headers['type'] === 'PredictionSucceeded'));
    }
  }
  return found;
};

const again = ({ key, value, headers }: RecordedRecord): NewRecord => ({ key, value, headers });

/** What a worker that was out of touch writes when it comes back. */
const asFailure = ({ key, value, headers }: RecordedRecord): NewRecord => {
  const type = 'PredictionFailed';
  const data = { error: { code: 'prediction_failed', detail: 'I am late.' } };
  const event = { ...JSON.parse(value), id: randomUUID(), type, data };
  event.dataschema = String(event.dataschema).replace('PredictionSucceeded', type);
  return { key, value: JSON.stringify(event), headers: { ...headers, type } };
};

/** Writes the newest results once more, and a late end for each of them. */
export const repeatResults = async (log: EventLog, count: number): Promise<void> => {
  const results = (await successesOf(log)).slice(-count);
  const outcomes = await log.append(TOPICS.predictions, [...results.map(again), ...results.map(asFailure)]);
  if (results.length === 0 || !outcomes.every(({ ok }) => ok))
    throw new Error('The results could not be written again.');
};
