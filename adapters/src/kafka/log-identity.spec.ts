import { LogError, type NewRecord, openingRecord, TOPICS, type Topic } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { establishIdentity } from './log-identity.ts';
import type { LogReading } from './log-reading.ts';

const partitions = new Map<Topic, number>([
  [TOPICS.predictions, 2],
  [TOPICS.jobs, 2],
]);
const opening = (partition: number): NewRecord =>
  openingRecord({ logId: 'a', epoch: 0, partition, partitions: 2, id: `opening-${partition}`, at: 0 });

/** Topics in memory, of which those that are named have their openings. */
const world = (...opened: readonly Topic[]) => {
  const records = new Map<Topic, NewRecord[][]>([...partitions.keys()].map((topic) => [topic, [[], []]]));
  const openAll = (topic: Topic) => records.set(topic, [[opening(0)], [opening(1)]]);
  for (const topic of opened) openAll(topic);
  const reading: Pick<LogReading, 'offsets' | 'fetch'> = {
    offsets: async (topic) => (records.get(topic) ?? []).map(({ length }) => ({ start: 0, end: length })),
    fetch: async (topic, partition, offset) =>
      (records.get(topic)?.[partition] ?? [])
        .map((record, at) => ({ ...record, topic, partition, offset: at, appendedAt: 0 }))
        .slice(offset),
  };
  const appended: Topic[] = [];
  const establish = (beforeMade: () => Promise<void>) =>
    establishIdentity({
      reading: reading as LogReading,
      partitions,
      append: async (topic, those) => {
        appended.push(...those.map(() => topic));
        openAll(topic);
        return those.map(() => ({ ok: true, position: { epoch: 0, partition: 0, offset: 0 }, appendedAt: 0 }));
      },
      beforeMade,
      now: () => 0,
      newId: () => 'new',
    });
  return { openAll, appended, establish };
};

describe('the identity of a log', () => {
  it.each([
    ['the first partition', []],
    ['another topic', [TOPICS.predictions]],
  ])(
    'is looked up by somebody who may make nothing, and appends nothing where %s is opened meanwhile',
    async (_, opened) => {
      const { openAll, appended, establish } = world(...opened);
      const identity = establish(async () => {
        for (const topic of partitions.keys()) openAll(topic);
        throw new LogError('stopped', 'I only look.');
      });
      expect(await identity).toEqual({ logId: 'a', epoch: 0 });
      expect(appended).toEqual([]);
    },
  );

  it('is kept from being made by whoever may not, and is made by whoever may', async () => {
    const { appended, establish } = world(TOPICS.predictions);
    await expect(establish(() => Promise.reject(new LogError('stopped', 'I only look.')))).rejects.toThrow(
      'I only look.',
    );
    expect(appended).toEqual([]);
    await establish(async () => undefined);
    expect(appended).toEqual([TOPICS.jobs, TOPICS.jobs]);
  });
});
