import { randomUUID } from 'node:crypto';
import { makeSigningKey, nodeAuditCrypto } from '@hindcast/adapters/node';
import {
  auditedTopics,
  createLeafEncoder,
  type EventLog,
  type NewRecord,
  readRecentStretches,
  type SigningKey,
  verifyLog,
} from '@hindcast/domain';
import { type Notary, startNotary } from '@hindcast/workers';
import { describe, expect, inject, it } from 'vitest';
import { startKafka } from './kafka.ts';
import { openLog, settleMs, topic } from './kafka-log-under-test.ts';
import { changeStoredByte, dataFolderOf } from './kafka-segments.ts';
import { waitUntil } from './wait-until.ts';

const { kafka: shared } = inject('services');

const recordsOf = (count: number, text = 'a value'): readonly NewRecord[] =>
  Array.from({ length: count }, (_, at) => ({
    key: `default/${randomUUID()}`,
    value: JSON.stringify({ text: `${text} ${at} ü𝄞` }),
    headers: { type: 'Test', model: 'churn', '10': 'ten', '9': 'nine' },
  }));
const notaryOf = (log: EventLog, signingKey: SigningKey) =>
  startNotary(
    { log, crypto: nodeAuditCrypto, signingKey, identity: { now: Date.now, newId: randomUUID } },
    { group: 'notaries' },
  );
const verify = async (log: EventLog) => verifyLog({ log, crypto: nodeAuditCrypto });

describe.skipIf(!shared)('the notary on Kafka', () => {
  it('makes the same leaves of what was appended and of what is read, whatever the order of headers', async () => {
    const log = await openLog(shared ?? []);
    const records = recordsOf(50);
    const outcomes = await log.append(topic, records);
    const encode = createLeafEncoder();
    const leafOf = (record: Parameters<typeof encode>[0]) => Buffer.from(encode(record)).toString('hex');
    const read = new Map<string, string>();
    for (const { partition } of await log.bounds(topic)) {
      for await (const page of log.read({ topic, partition, from: 0 })) {
        for (const record of page) read.set(`${partition}:${record.offset}`, leafOf(record));
      }
    }
    for (const [at, outcome] of outcomes.entries()) {
      if (!outcome.ok) throw outcome.error;
      const { position, appendedAt } = outcome;
      const record = records[at] as NewRecord;
      const turned = Object.fromEntries(Object.entries(record.headers).toReversed());
      const leaf = leafOf({ ...record, headers: turned, offset: position.offset, appendedAt });
      expect(read.get(`${position.partition}:${position.offset}`)).toBe(leaf);
    }
    await log.stop();
  });

  it('shares partitions, and goes on where one that is gone had signed last', async () => {
    const topicPrefix = `${randomUUID()}.`;
    const [one, other] = [await openLog(shared ?? [], { topicPrefix }), await openLog(shared ?? [], { topicPrefix })];
    const key = makeSigningKey();
    const all = (await Promise.all(auditedTopics.map((audited) => one.bounds(audited)))).flat().length;
    const first: Notary = await notaryOf(one, key);
    await waitUntil('the first has all', settleMs, () => first.stats().partitions === all);
    await one.append(topic, recordsOf(200));
    await first.whenCaughtUp();
    const second = await notaryOf(other, key);
    await waitUntil('they share', settleMs, () => second.stats().partitions >= 2 && first.stats().partitions < all);
    await one.append(topic, recordsOf(200));
    await waitUntil('both have read', settleMs, () => second.stats().records > 0);
    await first.stop();
    await waitUntil('the second has all', settleMs, () => second.stats().partitions === all);
    await one.append(topic, recordsOf(200));
    await second.whenCaughtUp();
    const { findings, ranges } = await verify(one);
    expect(findings).toEqual([]);
    for (const { records, proven } of ranges) expect(proven).toBe(records);
    const { stretches } = await readRecentStretches(one);
    for (const { checkpoint, before } of stretches.values()) {
      if (checkpoint.topic === topic) expect(before.size, 'nobody read it all again').toBeGreaterThan(0);
    }
    await second.stop();
    await Promise.all([one.stop(), other.stop()]);
  });

  it('finds a byte that was changed in a segment, with the checksum of Kafka mended and without', async () => {
    const kafka = await startKafka({ killable: true });
    const topicPrefix = `${randomUUID()}.`;
    const key = makeSigningKey();
    const log = await openLog(kafka.brokers, { topicPrefix });
    const notary = await notaryOf(log, key);
    for (let turn = 0; turn < 5; turn++) await log.append(topic, recordsOf(40, `turn ${turn}`));
    const marked = { key: 'default/marked', value: JSON.stringify({ text: 'the marked one' }), headers: {} };
    const [outcome] = await log.append(topic, [marked]);
    await log.append(topic, recordsOf(40, 'later'));
    await notary.whenCaughtUp();
    await notary.stop();
    const position = outcome?.ok ? outcome.position : undefined;
    if (!position) throw new Error('not appended');
    const { partition, offset } = position;
    const before = (await log.bounds(topic))[partition]?.end ?? 0;
    await log.stop();

    const damage = async (mendChecksum: boolean, text: string) => {
      const pid = kafka.pid(0);
      if (pid === undefined) throw new Error('the broker does not run');
      const folder = await dataFolderOf(pid);
      await kafka.kill(0);
      await changeStoredByte(folder, `${topicPrefix}${topic}-${partition}`, text, { mendChecksum });
      await kafka.restart(0);
      const reopened = await openLog(kafka.brokers, { topicPrefix });
      const report = await verify(reopened);
      const end = (await reopened.bounds(topic))[partition]?.end ?? 0;
      await reopened.stop();
      return { findings: report.findings.filter((finding) => finding.partition === partition), end };
    };

    const mended = await damage(true, 'the marked one');
    expect(mended.findings).toMatchObject([{ kind: 'edited', topic, partition, from: offset, to: offset + 1 }]);
    expect(mended.end).toBe(before);

    // Kafka throws away what does not fit its checksum, and all behind it, when it starts after a crash.
    const broken = await damage(false, 'he marked one');
    expect(broken.end).toBe(offset);
    expect(broken.findings).toMatchObject([{ kind: 'truncated', topic, partition, from: offset, to: before }]);
    await kafka.stop();
  });
});
