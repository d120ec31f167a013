import {
  type AuditFinding,
  joinNotes,
  parseNoteKey,
  type RecordedRecord,
  splitNotes,
  TOPICS,
  type Topic,
} from '@hindcast/domain';
import { aSigningKey, auditCrypto } from '@hindcast/domain/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNotaryWorld, type NotaryWorld, type StoredRecords } from '../testing/notary-world.ts';

let world: NotaryWorld;
let whole: StoredRecords;
let notes: readonly string[];
/** A record in the middle of what one checkpoint added. */
let target: number;
const partition = 1;
const subject = `${TOPICS.predictions}/${partition}`;

beforeAll(async () => {
  world = createNotaryWorld();
  const notary = await world.start();
  for (let turn = 0; turn < 4; turn++) {
    await world.append(120);
    await notary.whenCaughtUp();
  }
  await notary.stop();
  whole = await world.copy();
  const stretches = await world.stretches();
  notes = stretches.map(({ note }) => note);
  const third = stretches.filter(
    ({ checkpoint: { topic, partition: of } }) => topic === TOPICS.predictions && of === partition,
  )[2];
  target = Math.floor(((third?.before.size ?? 0) + (third?.checkpoint.size ?? 0)) / 2);
});
afterAll(() => world.close());

type Damage = (records: RecordedRecord[]) => void;
const damaged = async (damage: Damage, { of = subject, kept = true } = {}): Promise<readonly AuditFinding[]> => {
  const stored: StoredRecords = new Map([...whole].map(([name, records]) => [name, records.slice()]));
  damage(stored.get(of) ?? []);
  const log = await world.withRecords(stored);
  return (await world.verify({ log, ...(kept && { notes }) })).findings;
};
const swap = (records: RecordedRecord[], a: number, b: number) => {
  const [one, other] = [records[a], records[b]];
  if (one && other) {
    records[a] = other;
    records[b] = one;
  }
};
const change = (records: RecordedRecord[], at: number, part: Partial<RecordedRecord>) => {
  const record = records[at];
  if (record) records[at] = { ...record, ...part };
};
const lengthOf = () => whole.get(subject)?.length ?? 0;

describe('a log that was changed', () => {
  it('is found whole as it is', async () => {
    expect(await damaged(() => {})).toEqual([]);
    expect(lengthOf()).toBeGreaterThan(100);
  });

  it.each<[string, AuditFinding['kind'], Damage]>([
    ['an edited value', 'edited', (records) => change(records, target, { value: '{}' })],
    ['an edited key', 'edited', (records) => change(records, target, { key: 'default/x' })],
    ['an edited header', 'edited', (records) => change(records, target, { headers: { type: 'PredictionFailed' } })],
    ['an edited time', 'edited', (records) => change(records, target, { appendedAt: 1 })],
    ['a dropped record', 'dropped', (records) => records.splice(target, 1)],
    ['an inserted record', 'inserted', (records) => records.splice(target, 0, records[target - 1] as RecordedRecord)],
    ['two swapped neighbours', 'swapped', (records) => swap(records, target, target + 1)],
    ['two swapped records', 'swapped', (records) => swap(records, target, target + 2)],
    [
      'a rewritten stretch',
      'changed',
      (records) => [0, 1, 2].map((by) => change(records, target + by, { value: '{}' })),
    ],
  ])('by %s names the partition and the offset', async (_, kind, damage) => {
    const [finding] = await damaged(damage, { kept: false });
    expect(finding).toMatchObject({ kind, topic: TOPICS.predictions, partition, from: target, to: target + 1 });
    expect(finding?.said).toMatch(new RegExp(`${TOPICS.predictions}, partition ${partition}: .*\\b${target}\\b`));
  });

  it('by truncation names where the log ends and what is gone', async () => {
    const end = lengthOf() - 5;
    const findings = await damaged((records) => records.splice(end));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ kind: 'truncated', partition, from: end, to: end + 5 });
  });

  it('together with its own checkpoints, is found by those that were kept elsewhere', async () => {
    const stored: StoredRecords = new Map([...whole].map(([name, records]) => [name, records.slice()]));
    stored.get(subject)?.splice(50);
    stored.get(`${TOPICS.audit}/0`)?.splice(1);
    const log = await world.withRecords(stored);
    expect((await world.verify({ log })).findings).toEqual([]);
    const keys = [parseNoteKey(auditCrypto, (await world.stretches())[0]?.key ?? '')].flatMap((key) => key ?? []);
    const { findings } = await world.verify({ log, keys, notes: splitNotes(joinNotes(notes)) });
    expect(findings).toMatchObject([{ kind: 'truncated', partition, from: 50, to: lengthOf() }]);
  });

  it('names the range between two checkpoints where the marks were changed too', async () => {
    const stored: StoredRecords = new Map([...whole].map(([name, records]) => [name, records.slice()]));
    change(stored.get(subject) ?? [], target, { value: '{}' });
    const audit = stored.get(`${TOPICS.audit}/0`) ?? [];
    const isOfIt = ({ key }: RecordedRecord) => key === `default/${subject}`;
    const sizes = (await world.stretches()).filter(
      ({ checkpoint }) => checkpoint.topic === TOPICS.predictions && checkpoint.partition === partition,
    );
    stored.set(
      `${TOPICS.audit}/0`,
      audit.filter((record) => !isOfIt(record)),
    );
    const log = await world.withRecords(stored);
    const { keys } = await world.verify();
    const { findings } = await world.verify({ log, keys, notes });
    const from = sizes.findLast(({ checkpoint }) => checkpoint.size <= target)?.checkpoint.size;
    const to = sizes.find(({ checkpoint }) => checkpoint.size > target)?.checkpoint.size;
    expect(findings).toMatchObject([{ kind: 'changed', partition, from, to }]);
  });

  it('by anything at all is found', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(lengthOf() - 2),
        fc.nat(lengthOf() - 2),
        fc.constantFrom('edit', 'drop', 'insert', 'swap', 'cut', 'move'),
        async (a, b, how) => {
          const [first, second] = a === b ? [a, a + 1] : [Math.min(a, b), Math.max(a, b)];
          const [finding] = await damaged((records) => {
            if (how === 'edit') change(records, first, { value: `${records[first]?.value} ` });
            if (how === 'drop') records.splice(first, 1);
            if (how === 'insert') records.splice(first, 0, { ...(records[second] as RecordedRecord), value: '"new"' });
            if (how === 'swap') swap(records, first, second);
            if (how === 'cut') records.splice(first);
            if (how === 'move') records.splice(second, 0, ...records.splice(first, 1));
          });
          expect(finding).toMatchObject({ topic: TOPICS.predictions, partition });
          expect(finding?.from).toBeLessThanOrEqual(first);
          expect(finding?.to).toBeGreaterThan(first);
        },
      ),
      { numRuns: 150 },
    ));

  it('has checkpoints of before it was moved to other partitions, which say nothing about it', async () => {
    const moved = {
      ...world.log,
      bounds: async (topic: Topic) => (await world.log.bounds(topic)).map((one) => ({ ...one, epoch: one.epoch + 1 })),
    };
    const { findings, earlier, ranges } = await world.verify({ log: moved, notes });
    expect([findings, earlier]).toEqual([[], notes.length * 2]);
    for (const { proven } of ranges) expect(proven).toBe(0);
  });

  it('is found where the checkpoints are forged, of another log, or no checkpoints', async () => {
    const { keys } = await world.verify();
    const other = createNotaryWorld();
    const stranger = await other.start({}, { signingKey: aSigningKey(3) });
    await stranger.whenCaughtUp();
    const foreign = (await other.stretches()).map(({ note }) => note);
    await other.close();
    const forged = notes[7]?.replace(/\n\d+\n/, '\n1\n') ?? '';
    const kindsOf = async (given: readonly string[]) =>
      (await world.verify({ keys, notes: given })).findings.map(({ kind }) => kind);
    expect(await kindsOf([forged])).toEqual(['forged']);
    expect(await kindsOf(foreign.slice(0, 1))).toEqual(['forged']);
    expect(await kindsOf(['nonsense'])).toEqual(['unreadable']);
    const edit: Damage = (records) =>
      change(records, 9, { value: records[9]?.value.replace('"size":', '"size":1') ?? '' });
    expect((await damaged(edit, { of: `${TOPICS.audit}/0` })).map(({ kind }) => kind)).toEqual(['unreadable']);
  });
});
