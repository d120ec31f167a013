import { expect, it } from 'vitest';
import { eventLogContract } from '../contracts/event-log-contract.ts';
import { contractPartitions } from '../contracts/event-log-under-test.ts';
import { TOPICS } from '../event-log.ts';
import type { ConsumerFailure } from './consumer-groups-seat.ts';
import { createMemoryEventLog } from './event-log.ts';

const open = (onConsumerFailure?: (failure: ConsumerFailure) => void) => {
  let ids = 0;
  let at = 1_000;
  const newId = () => `id-${ids++}`;
  const now = () => at++;
  const options = { partitions: contractPartitions, now, newId };
  return createMemoryEventLog(onConsumerFailure ? { ...options, onConsumerFailure } : options);
};

eventLogContract('memory', async () => {
  const log = open();
  return { log, close: log.stop };
});

const record = { key: 'k', value: 'v', headers: {} };

it('refuses appends and consumers after stop, and still reads', async () => {
  const log = open();
  await log.append(TOPICS.models, [record]);
  await log.stop();
  const [outcome] = await log.append(TOPICS.models, [record]);
  expect(outcome).toMatchObject({ ok: false, error: { code: 'stopped' } });
  await expect(log.consume({ topic: TOPICS.models, group: 'g' }, { onBatch: async () => {} })).rejects.toMatchObject({
    code: 'stopped',
  });
  expect(await log.bounds(TOPICS.models)).toMatchObject([{ end: 2 }]);
});

it('tells of a failing handler, with the offset that it will get again', async () => {
  const failures: ConsumerFailure[] = [];
  const log = open((failure) => failures.push(failure));
  const error = new Error('no');
  let failing = true;
  await new Promise<void>((done) => {
    void log.consume(
      { topic: TOPICS.models, group: 'g' },
      {
        onBatch: async () => {
          if (!failing) return done();
          failing = false;
          throw error;
        },
      },
    );
  });
  await log.stop();
  expect(failures).toEqual([{ error, topic: TOPICS.models, group: 'g', partition: 0, offset: 0, failures: 1 }]);
});
