import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventLog, type RecordedRecord, TOPICS } from '../event-log.ts';
import { createMemoryEventLog } from '../in-memory/event-log.ts';
import { auditCrypto, signPartition } from '../testing/index.ts';
import { toBase64 } from './audit-crypto.ts';
import { type AuditState, AuditStateRefused, parseAuditState } from './audit-state.ts';
import type { Frontier } from './growing-tree.ts';
import { type LogToVerify, verifyLog } from './verify-log.ts';

const topic = TOPICS.predictions;
const partitions = {
  ...{ [topic]: 2, [TOPICS.models]: 1, [TOPICS.jobs]: 1, [TOPICS.audit]: 1, [TOPICS.deadLetters]: 1 },
};

/** A log that is signed step by step, looked at through glasses that change records and count what is read. */
const createWorld = (logId = 'log') => {
  let at = 1_000;
  const log = createMemoryEventLog({ partitions, now: () => at++, newId: () => logId });
  const ends = new Map<number, Frontier>();
  const notes: string[] = [];
  const changed = new Set<string>();
  let read: RecordedRecord[] = [];
  const glasses: EventLog = {
    ...log,
    read: async function* (range) {
      for await (const page of log.read(range)) {
        read.push(...page);
        yield page.map((record) =>
          changed.has(`${record.topic}/${record.partition}/${record.offset}`)
            ? { ...record, value: `${record.value} ` }
            : record,
        );
      }
    },
  };
  return {
    notes,
    grow: async (count: number) => {
      await log.append(
        topic,
        Array.from({ length: count }, (_, n) => ({ key: `key-${n}`, value: `{"at":${at}}`, headers: {} })),
      );
    },
    sign: async () => {
      for (const partition of [0, 1]) {
        const before = ends.get(partition);
        const { after, note } = await signPartition(log, { topic, partition, ...(before && { before }) });
        ends.set(partition, after);
        notes.push(note);
      }
      // As in every log, each partition has its first record and is signed.
      for (const other of [TOPICS.models, TOPICS.jobs, TOPICS.deadLetters].filter(() => notes.length === 2))
        await signPartition(log, { topic: other, partition: 0 });
    },
    change: (partition: number, offset: number) => changed.add(`${topic}/${partition}/${offset}`),
    end: async (partition: number) => (await log.bounds(topic))[partition]?.end ?? 0,
    verify: async (given: Partial<LogToVerify> = {}) => {
      const states: AuditState[] = [];
      read = [];
      const report = await verifyLog({
        ...{ log: glasses, crypto: auditCrypto, onState: async (state) => void states.push(state), ...given },
      });
      return { ...report, states, state: states.at(-1), read };
    },
  };
};
const signedWorld = async (logId?: string) => {
  const world = createWorld(logId);
  await world.grow(60);
  await world.sign();
  return world;
};
const offsetsOf = (read: readonly RecordedRecord[], partition: number) =>
  read.filter((record) => record.topic === topic && record.partition === partition).map(({ offset }) => offset);

describe('the state of a verification', () => {
  it('lets the next one read only what is new', async () => {
    const world = await signedWorld();
    const first = await world.verify();
    const before = await world.end(0);
    await world.grow(40);
    await world.sign();
    const next = await world.verify({ state: first.state });
    const end = await world.end(0);
    expect(offsetsOf(next.read, 0)).toEqual(Array.from({ length: end - before }, (_, n) => before + n));
    expect(next.read.filter((record) => record.topic === TOPICS.audit).map(({ offset }) => offset)).not.toContain(1);
    expect(next.findings).toEqual([]);
    expect(next.ranges.find((range) => range.topic === topic && range.partition === 0)).toMatchObject({
      ...{ records: end, proven: end, resumed: before },
    });
    const last = await world.verify({ state: next.state });
    expect(offsetsOf(last.read, 0)).toEqual([]);
    expect(last.state).toEqual(next.state);
  });

  it('finds what is changed behind it; what is changed before it only a whole verification finds', async () => {
    const world = await signedWorld();
    const { state } = await world.verify();
    const before = await world.end(1);
    await world.grow(40);
    await world.sign();
    world.change(1, before - 1);
    expect((await world.verify({ state })).findings).toEqual([]);
    expect((await world.verify()).findings).toMatchObject([{ kind: 'edited', partition: 1, from: before - 1 }]);
    world.change(1, before + 2);
    const found = await world.verify({ state });
    expect(found.findings).toMatchObject([{ kind: 'edited', partition: 1, from: before + 2 }]);
    // The state of a verification that found something does not pass over it.
    expect((await world.verify({ state: found.state })).findings).toEqual(found.findings);
  });

  it('finds that the log, or its checkpoints, end before it', async () => {
    const long = await signedWorld();
    const short = createWorld();
    await short.grow(60);
    const { state } = await long.verify();
    expect((await short.verify({ state })).findings).toMatchObject([{ kind: 'truncated', topic: TOPICS.audit, to: 6 }]);
    const empty = await createWorld().verify({ state });
    expect(empty.findings).toMatchObject([
      { kind: 'truncated', topic: TOPICS.audit },
      { kind: 'truncated', topic, partition: 0, from: 1, to: await long.end(0) },
      { kind: 'truncated', topic, partition: 1, from: 1, to: await long.end(1) },
    ]);
  });

  it('hides nothing by a partition that is missing in it', async () => {
    const world = await signedWorld();
    const { state } = await world.verify();
    if (!state) throw new Error('there is no state');
    await world.grow(10);
    await world.sign();
    expect((await world.verify({ state: { ...state, partitions: [] } })).findings).toEqual([]);
    world.change(1, 3);
    const full = await world.verify();
    expect(full.findings).toMatchObject([{ kind: 'edited', partition: 1, from: 3 }]);
    for (const partitions of [[], state.partitions.filter(({ note }) => !note.includes('/1\n'))]) {
      const lacking = { ...state, partitions };
      expect((await world.verify({ state: lacking })).findings).toEqual(full.findings);
      const done = { ...lacking, auditFrom: state.auditFrom + 2 };
      const told = await world.verify({ state: done });
      expect(told.findings).toEqual(full.findings);
      expect((await world.verify({ state: told.state })).findings).toEqual(full.findings);
    }
  });

  it('is refused where it was changed, or is of another log', async () => {
    const world = await signedWorld();
    const { state, keys } = await world.verify();
    if (!state) throw new Error('there is no state');
    const [first, second] = state.partitions;
    if (!first || !second) throw new Error('a partition is missing');
    const refused: readonly (readonly [AuditState, string])[] = [
      [{ ...state, logId: 'another' }, 'of the log another'],
      [{ ...state, epoch: 1 }, 'epoch 1'],
      [{ ...state, partitions: [{ ...first, peaks: second.peaks }] }, 'do not give the root'],
      [
        { ...state, partitions: [{ ...first, peaks: first.peaks.with(0, toBase64('x'.repeat(32))) }] },
        'do not give the root',
      ],
      [{ ...state, partitions: [{ ...first, peaks: first.peaks.slice(1) }] }, 'do not give the root'],
      [{ ...state, partitions: [{ ...first, peaks: [...first.peaks, 'no base64'] }] }, 'do not give the root'],
      [{ ...state, partitions: [{ ...first, note: first.note.replace('/0\n', '/1\n') }] }, 'not signed by a key'],
      [{ ...state, keys: [] }, 'not signed by a key'],
    ];
    for (const [changed, said] of refused)
      await expect(world.verify({ state: changed })).rejects.toThrow(new RegExp(said));
    const other = await (await signedWorld('another')).verify();
    await expect(world.verify({ state: { ...state, partitions: other.state?.partitions ?? [] } })).rejects.toThrow();
    await expect(world.verify({ state, keys: other.keys })).rejects.toThrow(AuditStateRefused);
    expect((await world.verify({ state, keys })).findings).toEqual([]);
    expect(parseAuditState(JSON.stringify(state))).toEqual(state);
    for (const text of ['', '{}', JSON.stringify({ ...state, auditFrom: -1 })])
      expect(parseAuditState(text)).toBeUndefined();
  });

  it('passes over no checkpoint from elsewhere that it was not compared with', async () => {
    const world = await signedWorld();
    const early = world.notes.slice();
    const size = await world.end(0);
    await world.grow(40);
    await world.sign();
    const { state } = await world.verify();
    const first = await world.verify({ state, notes: early });
    expect(offsetsOf(first.read, 0)[0]).toBe(0);
    expect(first.findings).toEqual([]);
    expect(offsetsOf((await world.verify({ state: first.state, notes: early })).read, 0)).toEqual([]);
    const root = 'x'.repeat(32);
    const checkpoints = [{ logId: 'log', epoch: 0, topic, partition: 0, size, root }];
    const unsigned = [{ name: 'The data set', checkpoints }];
    const other = await world.verify({ state: first.state, unsigned });
    expect(other.findings).toMatchObject([{ kind: 'changed', partition: 0, from: 0, to: size }]);
    const anew = await world.verify({ unsigned });
    for (const of of [other.state, anew.state])
      expect((await world.verify({ state: of, unsigned })).findings).toEqual(other.findings);
  });

  it('says the same as one run, wherever runs were broken off', async () => {
    const steps = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
    const change = fc.option(
      fc.record({ partition: fc.integer({ min: 0, max: 1 }), at: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
    );
    await fc.assert(
      fc.asyncProperty(steps, change, fc.integer({ min: 0, max: 9 }), async (counts, changed, breakAfter) => {
        const world = createWorld();
        for (const count of counts) {
          await world.grow(count);
          await world.sign();
        }
        if (changed) world.change(changed.partition, Math.floor(changed.at * (await world.end(changed.partition))));
        const whole = await world.verify();
        let [state, left]: [AuditState | undefined, number] = [undefined, breakAfter];
        const broken = new Error('the process is gone');
        await world
          .verify({
            stateRecords: 1,
            onState: async (next) => {
              if (left === 0) throw broken;
              [state, left] = [next, left - 1];
            },
          })
          .catch((error: unknown) => expect(error).toBe(broken));
        const { findings, ranges } = await world.verify({ state });
        expect(findings).toEqual(whole.findings);
        expect(ranges.map(({ proven }) => proven)).toEqual(whole.ranges.map(({ proven }) => proven));
      }),
      { numRuns: 25 },
    );
  });
});
