import { partitionOf, TOPICS } from '@hindcast/domain';
import type { Broker } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createAppendQueue } from './append-queue.ts';
import { type AppendSender, createAppendSender } from './append-sender.ts';
import { defaultKafkaLogBounds } from './event-log-options.ts';
import type { KafkaLink } from './kafka-link.ts';
import { createPartitionEnds } from './partition-ends.ts';

const partitions = 4;
const topic = TOPICS.predictions;
const notEnoughReplicas = 19;
const messageTooLarge = 10;

interface Asked {
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly unknown[] }[];
  }[];
}

/** A broker as kafkajs has it, with the answers of Kafka: `codes` of the partitions that refuse. */
const fakeBroker = (codes: Readonly<Record<number, number>>) => {
  const stored = new Map<number, number>();
  const answerTo = ({ topicData }: Asked) => ({
    topics: topicData.map(({ topic: topicName, partitions: sent }) => ({
      topicName,
      partitions: sent.map(({ partition, messages }) => {
        const errorCode = codes[partition] ?? 0;
        const end = stored.get(partition) ?? 0;
        if (errorCode === 0) stored.set(partition, end + messages.length);
        return { partition, errorCode, baseOffset: String(errorCode === 0 ? end : -1), logAppendTime: '1000' };
      }),
    })),
  });
  const response = {
    parse: async (answer: ReturnType<typeof answerTo>) => {
      const refused = answer.topics.flatMap((one) => one.partitions).find(({ errorCode }) => errorCode !== 0);
      if (refused) throw new Error(`kafkajs throws the answer away: ${refused.errorCode}`);
      return answer;
    },
  };
  const broker = {
    lookupRequest: () => (request: Asked) => ({ request, response }),
    async produce(request: Asked) {
      const made = this.lookupRequest()(request);
      return made.response.parse(answerTo(made.request));
    },
  };
  return { broker: broker as unknown as Broker, stored };
};

type Ask = KafkaLink['ask'];

/** `passing` is between the sender and its broker. */
const world = (
  codes: Readonly<Record<number, number>>,
  appendTimeoutMs: number,
  passing: (ask: () => ReturnType<Ask>) => ReturnType<Ask> = (ask) => ask(),
) => {
  const { broker, stored } = fakeBroker(codes);
  const told: string[] = [];
  const bounds = { ...defaultKafkaLogBounds, appendTimeoutMs };
  const link: Pick<KafkaLink, 'ask' | 'leaderOf' | 'recover'> = {
    ask: ((_, request) => passing(() => request(broker))) as Ask,
    leaderOf: () => '1',
    recover: async () => undefined,
  };
  const ends = createPartitionEnds({
    partitions: new Map([[topic, partitions]]),
    nameOf: (name) => name,
    look: () => new Promise(() => undefined),
  });
  const queue = createAppendQueue(new Map([[topic, partitions]]), bounds, () => sender.poke());
  const sender: AppendSender = createAppendSender({
    link: link as KafkaLink,
    queue,
    nameOf: (name) => name,
    epoch: () => 1,
    compression: 0,
    bounds,
    now: () => 0,
    trouble: { failed: () => told.push('failed'), over: () => told.push('over') },
    ends,
  });
  return { queue, sender, stored, told, ends };
};

const records = Array.from({ length: 40 }, (_, i) => ({ key: `prediction-${i}`, value: '{}', headers: {} }));
const homes = records.map(({ key }) => partitionOf(key, partitions));
const countOf = (partition: number) => homes.filter((home) => home === partition).length;

describe('a request of which one partition is refused', () => {
  it.each([
    ['that may pass', notEnoughReplicas, 'no acknowledgement within 300 ms'],
    ['for good', messageTooLarge, 'larger than'],
  ])('has the others acknowledged and written once: a refusal %s', async (_, code, detail) => {
    const { queue, stored, told } = world({ 3: code }, 300);
    const outcomes = await queue.append(topic, records);
    for (const [i, outcome] of outcomes.entries()) {
      expect(outcome.ok, `record ${i} of partition ${homes[i]}`).toBe(homes[i] !== 3);
      if (!outcome.ok)
        expect(outcome.error).toMatchObject({ code: 'unavailable', message: expect.stringContaining(detail) });
    }
    expect([0, 1, 2, 3].map((partition) => stored.get(partition) ?? 0)).toEqual([
      countOf(0),
      countOf(1),
      countOf(2),
      0,
    ]);
    expect(told[0]).toBe('failed');
  });

  it('acknowledges the others without waiting for it', async () => {
    const { queue, told } = world({ 3: notEnoughReplicas }, 60_000);
    const healthy = records.filter((_, i) => homes[i] !== 3);
    void queue.append(
      topic,
      records.filter((_, i) => homes[i] === 3),
    );
    const outcomes = await queue.append(topic, healthy);
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(told).not.toContain('over');
  });
});

describe('while a request to a broker is under way', () => {
  it('what is appended waits for its answer, whatever its partition, and shares the next request', async () => {
    const held: (() => void)[] = [];
    const { queue } = world({}, 60_000, async (ask) => {
      await new Promise<void>((go) => held.push(go));
      return ask();
    });
    const first = queue.append(topic, records.slice(0, 1));
    await expect.poll(() => held.length).toBe(1);
    const later = records.slice(1).map((record) => queue.append(topic, [record]));
    // A sender that is asked looks in the next turn of the loop: several of them pass.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((next) => setImmediate(next));
    expect(held.length).toBe(1);
    held[0]?.();
    await first;
    await expect.poll(() => held.length).toBe(2);
    held[1]?.();
    const outcomes = (await Promise.all(later)).flat();
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(held.length).toBe(2);
  });
});

it('writes nothing more once a record was stored before the end that a partition had', async () => {
  const { queue, stored, ends } = world({}, 60_000);
  const home = homes[0] ?? 0;
  const append = () => queue.append(topic, records.slice(0, 1));
  const lost = {
    ok: false,
    error: expect.objectContaining({ code: 'stopped', message: expect.stringContaining('made anew') }),
  };
  expect(await append()).toMatchObject([{ ok: true }]);
  expect(await append()).toMatchObject([{ ok: true }]);
  stored.set(home, 0);
  expect(await append()).toEqual([lost]);
  expect(await ends.lost).toMatchObject({
    message: expect.stringMatching(/ended at offset 2, and a record was stored at 0 now/),
  });
  expect(await queue.append(topic, records)).toEqual(records.map(() => lost));
  expect(stored.get(home)).toBe(1);
});

it('takes what others are told of its record before it is answered for no loss', async () => {
  const { queue, ends } = world({}, 60_000, async (ask) => {
    const answer = await ask();
    ends.told(topic, homes[0] ?? 0, 5, 0);
    return answer;
  });
  expect(await queue.append(topic, records.slice(0, 1))).toMatchObject([{ ok: true }]);
});

it('acknowledges nothing of a request that shows a partition to be another one', async () => {
  const { queue, stored } = world({}, 60_000);
  const home = homes[0] ?? 0;
  await queue.append(topic, records);
  stored.set(home, 0);
  const outcomes = await queue.append(topic, records);
  expect(outcomes.map(({ ok }) => ok)).toEqual(homes.map(() => false));
});

it('acknowledges nothing once it is known that a partition is another one', async () => {
  const { queue, ends } = world({}, 60_000);
  const home = homes[0] ?? 0;
  ends.told(topic, home, 3, 3);
  ends.stored(topic, home, 0, 1, 3);
  expect(await queue.append(topic, records)).toMatchObject(records.map(() => ({ ok: false })));
});

it('knows that no record comes before the LogOpened', async () => {
  const { queue, ends } = world({}, 60_000);
  ends.begin();
  expect(await queue.append(topic, records.slice(0, 1))).toMatchObject([{ ok: false }]);
});

it('is waited for no longer than its records may wait, where an answer does not come', async () => {
  const { queue, sender } = world({}, 100, () => new Promise(() => undefined));
  void queue.append(topic, records);
  await sender.drained();
  expect(queue.waiting()).toBe(records.length);
});
