import { TOPICS } from '@hindcast/domain';
import { contractPartitions } from '@hindcast/domain/contracts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { brokers, newPrefix, newStranger, openKafkaLog as openLog } from '../testing/open-kafka-log.ts';
import { topicsOf } from '../testing/topics-of.ts';

describe.skipIf(brokers.length === 0)('a log on Kafka that lost topics', () => {
  const kafka = newStranger();
  const { admin, deleteTopics, makeTopic } = topicsOf(kafka);
  beforeAll(() => admin.connect());
  afterAll(() => admin.disconnect());

  /** Does what a refusal says, to the letter. */
  const follow = async (said: string): Promise<void> => {
    expect(said).toContain('stop every process of this log, make them yourself');
    const commands = said.matchAll(
      /--create --topic (\S+) --partitions (\d+) --replication-factor 1((?: --config \S+=[^\s;]+)*)/g,
    );
    for (const [, topic = '', count, configs = ''] of commands) {
      const settings = [...configs.matchAll(/--config (\S+?)=(\S+)/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]);
      await makeTopic(topic, Number(count), Object.fromEntries(settings));
    }
  };
  const messageOf = (refused: Promise<unknown>): Promise<string> =>
    refused.then(
      () => '',
      ({ message }: Error) => message,
    );

  it('names all topics that were deleted, and how to go on where what they held may be lost', async () => {
    const prefix = newPrefix();
    await (await openLog(prefix)).stop();
    await deleteTopics(prefix, TOPICS.jobs, TOPICS.audit);
    const refused = openLog(prefix);
    await expect(refused).rejects.toThrow(/are missing.*jobs\.v1, \S*audit\.v1/);
    await follow(await messageOf(refused));
    const log = await openLog(prefix);
    const [[jobs], [predictions]] = await Promise.all([log.bounds(TOPICS.jobs), log.bounds(TOPICS.predictions)]);
    expect(jobs?.logId).toBe(predictions?.logId);
    await log.stop();
  });

  it('proposes as many partitions for jobs as predictions have, whatever number is asked for', async () => {
    const of = (count: number) => ({ ...contractPartitions, [TOPICS.predictions]: count, [TOPICS.jobs]: count });
    const prefix = newPrefix();
    await (await openLog(prefix, { partitions: of(3) })).stop();
    await deleteTopics(prefix, TOPICS.jobs, TOPICS.deadLetters);
    const said = await messageOf(openLog(prefix, { partitions: of(7) }));
    expect(said).toMatch(/jobs\.v1 --partitions 3 .*dead-letters\.v1 --partitions \d /);
  });

  it.each([TOPICS.jobs, TOPICS.audit])(
    'is no longer written once a record shows that %s was made anew',
    async (gone) => {
      const prefix = newPrefix();
      const log = await openLog(prefix);
      const record = { key: 'k', value: '{}', headers: {} };
      await log.append(TOPICS.predictions, [record]);
      await deleteTopics(prefix, gone);
      await follow(await messageOf(openLog(prefix)));
      const made = { code: 'stopped', message: expect.stringContaining('the topic was made anew') };
      expect(await log.append(gone, [record])).toMatchObject([{ ok: false, error: made }]);
      expect(await log.lost).toMatchObject(made);
      expect(await log.append(TOPICS.predictions, [record])).toMatchObject([{ ok: false, error: made }]);
      await log.stop();
    },
  );

  it('is no longer written by a process that had written nothing, and is lost for one that only reads', async () => {
    const prefix = newPrefix();
    const record = { key: 'k', value: '{}', headers: {} };
    const [busy, quiet, reader] = [await openLog(prefix), await openLog(prefix), await openLog(prefix)];
    await busy.append(
      TOPICS.audit,
      Array.from({ length: 5 }, () => record),
    );
    await quiet.bounds(TOPICS.audit);
    const onBatch = vi.fn(async () => undefined);
    await reader.consume({ topic: TOPICS.audit, group: null }, { onBatch });
    await expect.poll(() => onBatch).toHaveBeenCalled();
    await deleteTopics(prefix, TOPICS.audit);
    await follow(await messageOf(openLog(prefix)));
    expect(await reader.lost).toMatchObject({ code: 'stopped', message: expect.stringMatching(/, and ends at 0 now/) });
    expect(await quiet.append(TOPICS.audit, [record])).toMatchObject([{ ok: false, error: { code: 'stopped' } }]);
    await Promise.all([busy, quiet, reader].map((log) => log.stop()));
  });

  it('is lost for one that only reads where a topic was made anew with fewer partitions', async () => {
    const prefix = newPrefix();
    const reader = await openLog(prefix, { partitions: { ...contractPartitions, [TOPICS.audit]: 3 } });
    const onBatch = vi.fn(async () => undefined);
    await reader.consume({ topic: TOPICS.audit, group: null }, { onBatch });
    await expect.poll(() => onBatch).toHaveBeenCalled();
    await deleteTopics(prefix, TOPICS.audit);
    await makeTopic(`${prefix}${TOPICS.audit}`, 2);
    expect(await reader.lost).toMatchObject({ code: 'stopped', message: expect.stringContaining('made anew') });
    await reader.stop();
  });

  it.each([
    [TOPICS.audit, 'does not begin with a LogOpened'],
    [TOPICS.jobs, 'is empty, and the log is not'],
  ])('says how to go on where somebody wrote to %s before its LogOpened', async (gone, said) => {
    const prefix = newPrefix();
    const open = () => openLog(prefix, { partitions: { ...contractPartitions, [TOPICS.jobs]: 2 } });
    const log = await open();
    await log.append(TOPICS.predictions, [{ key: 'k', value: '{}', headers: {} }]);
    await log.stop();
    await deleteTopics(prefix, gone);
    await follow(await messageOf(open()));
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: `${prefix}${gone}`, messages: [{ partition: 0, key: 'k', value: '{}' }] });
    await producer.disconnect();
    const refused = await messageOf(open());
    expect(refused).toContain(said);
    expect(refused).toContain('stop every process of this log, delete the topic, and start one process');
    await deleteTopics(prefix, gone);
    await follow(await messageOf(open()));
    await (await open()).stop();
  });
});
