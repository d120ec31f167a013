import { type EventLog, type RecordedRecord, TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { compareTopic } from './compare-copy.ts';
import { refuseIncomplete, refuseMore } from './migration-refusals.ts';

const topic = TOPICS.models;
const records = Array.from({ length: 7 }, (_, offset): RecordedRecord => {
  const headers = { type: 'ModelPaused', model: 'm' };
  return { topic, partition: 0, offset, key: `k${offset}`, value: `v${offset}`, headers, appendedAt: 1_000 + offset };
});
const planned = {
  topic,
  partitions: 1,
  total: records.length,
  records: async function* () {
    yield records.slice(0, 4);
    yield records.slice(4);
  },
};
const holding = (held: readonly RecordedRecord[]): Pick<EventLog, 'read'> => ({
  read: async function* ({ from, to }) {
    for (let at = from; at < (to ?? 0); at += 3) yield held.slice(at, Math.min(at + 3, to ?? 0));
  },
});
const compare = (held: readonly RecordedRecord[]) => compareTopic(planned, holding(held), [held.length], () => {});

describe('a copy beside its source', () => {
  it('is whole where all is equal, whatever the order of headers', async () => {
    const turned = records.map((record) => ({ ...record, headers: { model: 'm', type: 'ModelPaused' } }));
    const compared = await compare(turned);
    expect(() => refuseIncomplete(compared)).not.toThrow();
    expect(() => refuseMore(compared)).not.toThrow();
    expect(compared[0]).toMatchObject({ records: 7, copied: 7, since: 0, copiedSha256: compared[0]?.sha256 });
  });

  it('is not whole, or has more, where its end is another', async () => {
    const short = await compare(records.slice(0, 5));
    expect(() => refuseIncomplete(short)).toThrow('partition 0 has 5 of 7 records');
    const long = await compare([...records, { ...(records[0] as RecordedRecord), offset: 7 }]);
    expect(() => refuseMore(long)).toThrow('partition 0 goes on at offset 7');
    expect(long[0]).toMatchObject({ copied: 7, since: 1 });
  });

  it.each([
    ['key', { key: 'other' }],
    ['value', { value: 'other' }],
    ['time', { appendedAt: 1 }],
    ['headers', { headers: { type: 'ModelPaused' } }],
    ['headers', { headers: { type: 'ModelPaused', model: 'm', more: '' } }],
  ])('is refused for another %s, with its place', async (what, other) => {
    const changed = records.map((record, at) => (at === 5 ? { ...record, ...other } : record));
    await expect(compare(changed)).rejects.toMatchObject({
      code: 'foreign_log',
      message: expect.stringContaining(`partition 0, offset 5 has another ${what}`),
    });
  });
});
