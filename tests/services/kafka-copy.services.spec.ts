import { randomUUID } from 'node:crypto';
import { type KafkaCopyOptions, openKafkaCopyTarget, openKafkaEventLog } from '@hindcast/adapters/kafka';
import { openingRecord, type RecordedRecord, TOPICS, type Topic } from '@hindcast/domain';
import { describe, expect, inject, it } from 'vitest';
import { through, topic } from './kafka-log-under-test.ts';
import { type Loss, startLossyProxy } from './lossy-proxy.ts';

const { kafka: brokers } = inject('services');
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const batchRecords = 10;
const rounds = 20;
const partitions = new Map<Topic, number>(Object.values(TOPICS).map((name) => [name, 1]));

/** Records of another log: their times are years ago, and some share one. */
const batchFrom = (first: number): RecordedRecord[] =>
  Array.from({ length: batchRecords }, (_, at) => {
    const offset = first + at;
    const opening = openingRecord({ logId: 'l', epoch: 0, partition: 0, partitions: 1, id: 'o', at: 0 });
    const { key, value, headers } =
      offset === 0 ? opening : { key: `k-${offset % 3}`, value: `v-${offset}`, headers: { type: 'Test', n: '1' } };
    return { topic, partition: 0, offset, key, value, headers, appendedAt: 1_500_000_000_000 + Math.floor(offset / 4) };
  });

describe.skipIf(!brokers)('a copy into Kafka', () => {
  const optionsOf = (topicPrefix: string, more: Partial<KafkaCopyOptions> = {}): KafkaCopyOptions => ({
    brokers: brokers ?? [],
    clientId: 'copy-spec',
    topicPrefix,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    logger,
    ...more,
  });
  const prepared = async (more: Partial<KafkaCopyOptions> = {}) => {
    const prefix = `${randomUUID()}.`;
    const target = openKafkaCopyTarget(optionsOf(prefix, more));
    await target.prepare(partitions);
    const producerId = await target.newProducerId();
    const append = (first: number, by = target, count = batchRecords) =>
      by.append({ topic, partition: 0, producerId, records: batchFrom(first).slice(0, count) });
    const stored = async () => {
      const [end = 0] = (await target.topics()).get(topic)?.ends ?? [];
      const records: RecordedRecord[] = [];
      for await (const page of target.read({ topic, partition: 0, from: 0, to: end })) records.push(...page);
      return records;
    };
    /** No log has predictions and no models. */
    const appendModels = () =>
      target.append({
        topic: TOPICS.models,
        partition: 0,
        producerId,
        records: batchFrom(0)
          .slice(0, 1)
          .map((opening) => ({ ...opening, topic: TOPICS.models })),
      });
    return { prefix, target, append, appendModels, stored };
  };
  const expected = (batches: number) =>
    Array.from({ length: batches }, (_, round) => batchFrom(round * batchRecords)).flat();

  it('has each batch once, although two processes of one copy write it at the same time', async () => {
    const { prefix, target, append, stored } = await prepared();
    const killed = openKafkaCopyTarget(optionsOf(prefix));
    await killed.topics();
    for (let round = 0; round < rounds; round++) {
      const first = round * batchRecords;
      // The one that comes second may find that the other has gone on already.
      await Promise.allSettled([append(first), append(first, killed)]);
    }
    expect(await stored()).toEqual(expected(rounds));
    await Promise.all([target.close(), killed.close()]);
  });

  it.each<Loss>(['cut', 'torn', 'silence'])('has each batch once when an answer is lost (%s)', async (how) => {
    const proxy = await startLossyProxy(brokers?.[0] ?? '');
    const { target, append, stored } = await prepared({ dial: through(proxy.port), requestTimeoutMs: 1_000 });
    for (let round = 0; round < 3; round++) {
      const lost = proxy.lose('produce', how);
      await append(round * batchRecords);
      await lost;
    }
    expect(await stored()).toEqual(expected(3));
    await target.close();
    await proxy.stop();
  });

  it('takes no batch that does not continue it', async () => {
    const { target, append, stored } = await prepared();
    await append(0);
    const elsewhere = { code: 'foreign_log' };
    await expect(append(2 * batchRecords)).rejects.toMatchObject(elsewhere);
    await expect(append(0, target, batchRecords - 1)).rejects.toMatchObject(elsewhere);
    expect(await stored()).toEqual(expected(1));
    await target.close();
  });

  it('keeps the times of its records once it is a log, whose next ones get the time of the broker', async () => {
    const { prefix, target, append, appendModels } = await prepared();
    await append(0);
    await appendModels();
    await target.seal();
    expect((await target.topics()).get(topic)?.takesTimes).toBe(false);
    await target.close();
    const log = await openKafkaEventLog({
      ...optionsOf(prefix),
      partitions: Object.fromEntries(partitions) as Record<Topic, number>,
      now: Date.now,
      newId: randomUUID,
    });
    const before = Date.now();
    const [outcome] = await log.append(topic, [{ key: 'k', value: 'v', headers: {} }]);
    if (!outcome?.ok) throw new Error('It was not appended.');
    expect(outcome.position.offset).toBe(batchRecords);
    const seen: RecordedRecord[] = [];
    const read: RecordedRecord[] = [];
    for await (const page of log.read({ topic, partition: 0, from: 0 })) read.push(...page);
    await new Promise<void>((resolve) => {
      void log.consume(
        { topic, group: null },
        {
          onBatch: async ({ records }) => {
            seen.push(...records);
            if (seen.length > batchRecords) resolve();
          },
        },
      );
    });
    expect(read.slice(0, batchRecords)).toEqual(expected(1));
    const timesOf = (records: readonly RecordedRecord[]) =>
      records.map(({ offset, appendedAt }) => [offset, appendedAt]);
    expect(timesOf(seen)).toEqual(timesOf(read));
    expect(Math.abs((read[batchRecords]?.appendedAt ?? 0) - before)).toBeLessThan(60_000);
    await log.stop();
  });
});
