import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { encode } from '../event-codec.ts';
import { TOPICS } from '../event-log.ts';
import { createMemoryEventLog } from '../in-memory/event-log.ts';
import { openingRecord } from '../log-opening.ts';
import { aPredictionLabeled, auditCrypto, signPartition } from '../testing/index.ts';
import { verifyLog } from './verify-log.ts';

const createLog = () => {
  const partitions = Object.fromEntries(Object.values(TOPICS).map((topic) => [topic, 1])) as Record<
    (typeof TOPICS)[keyof typeof TOPICS],
    number
  >;
  return createMemoryEventLog({ partitions, now: Date.now, newId: randomUUID });
};

it('tells how far it is, checkpoints included', async () => {
  const log = createLog();
  const labels = Array.from({ length: 9_999 }, (_, at) =>
    encode(aPredictionLabeled({ eventId: `l-${at}`, value: at })),
  );
  await log.append(TOPICS.predictions, labels);
  await signPartition(log, { topic: TOPICS.predictions, partition: 0 });
  const ends = await Promise.all(Object.values(TOPICS).map(async (topic) => (await log.bounds(topic))[0]?.end ?? 0));
  const total = ends.reduce((sum, end) => sum + end, 0);
  const told: unknown[] = [];
  const report = await verifyLog({ log, crypto: auditCrypto, onProgress: (...progress) => told.push(progress) });
  expect(report.findings).toEqual([]);
  // 9,999 labels alone, the first record of their partition and the checkpoints are more than 10,000.
  expect(told).toEqual([[10_000, total]]);
});

it.each([
  ['passes over what opened the audit topic a second time', {}, []],
  ['finds what opens another log there', { logId: randomUUID() }, [{ kind: 'unreadable', from: 1, to: 2 }]],
])('%s', async (_, other, findings) => {
  const log = createLog();
  const [bounds] = await log.bounds(TOPICS.audit);
  const { logId = '', epoch = 0 } = bounds ?? {};
  const opening = { id: randomUUID(), at: Date.now(), logId, epoch, partition: 0, partitions: 1, ...other };
  await log.append(TOPICS.audit, [openingRecord(opening)]);
  await log.append(TOPICS.predictions, [encode(aPredictionLabeled({}))]);
  await signPartition(log, { topic: TOPICS.predictions, partition: 0 });
  const report = await verifyLog({ log, crypto: auditCrypto });
  expect(report.findings).toMatchObject(findings);
  expect(report.findings).toHaveLength(findings.length);
});
