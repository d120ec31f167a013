import { expect, it } from 'vitest';
import { encode } from '../event-codec.ts';
import { type EventLog, TOPICS } from '../event-log.ts';
import { createMemoryEventLog } from '../in-memory/event-log.ts';
import { auditCrypto } from '../testing/audit-crypto.ts';
import { aPredictionRequested } from '../testing/prediction-event-builders.ts';
import { signPartition } from '../testing/sign-partition.ts';
import { findStretch } from './find-stretch.ts';
import { retraceStretch } from './signed-stretch.ts';
import { createTreeHash } from './tree-hash.ts';

const topic = TOPICS.predictions;
const partitions = {
  ...{ [topic]: 1, [TOPICS.models]: 1, [TOPICS.jobs]: 1, [TOPICS.audit]: 1, [TOPICS.deadLetters]: 1 },
};

const aLog = async (logId: string, records: number): Promise<EventLog> => {
  let at = 1_000;
  const log = createMemoryEventLog({ partitions, now: () => at++, newId: () => logId });
  const events = Array.from({ length: records }, (_, n) => aPredictionRequested({ eventId: `${logId}-${n}` }));
  await log.append(
    topic,
    events.map((event) => encode(event)),
  );
  return log;
};

it('takes no checkpoint of another epoch for one of this, though both count the same positions', async () => {
  const [before, log] = [await aLog('before', 9), await aLog('now', 5)];
  await signPartition(before, { topic, partition: 0 });
  for await (const page of before.read({ topic: TOPICS.audit, partition: 0, from: 1 }))
    await log.append(
      TOPICS.audit,
      page.map(({ key, value, headers }) => ({ key, value, headers })),
    );
  const record = { topic, partition: 0, offset: 3, appendedAt: 0 };
  expect(await findStretch(log, record)).toBeUndefined();

  await signPartition(log, { topic, partition: 0 });
  const found = await findStretch(log, record);
  expect(found?.checkpoint).toMatchObject({ logId: 'now', size: 6 });
  const retraced = found && (await retraceStretch(log, createTreeHash(auditCrypto), found));
  expect(retraced?.root).toBe(found?.checkpoint.root);
});
