import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../event-codec.ts';
import { type EventLog, TOPICS } from '../event-log.ts';
import { createMemoryEventLog } from '../in-memory/event-log.ts';
import { auditCrypto } from '../testing/audit-crypto.ts';
import { aPredictionRequested } from '../testing/prediction-event-builders.ts';
import { signPartition } from '../testing/sign-partition.ts';
import { emptyFrontier, growTree } from './growing-tree.ts';
import { createTreeHash } from './tree-hash.ts';
import { type HashedTrees, readTreeRoots } from './tree-root.ts';

const topic = TOPICS.predictions;
const hash = createTreeHash(auditCrypto);

/** A log of one partition that is signed after every stretch but the last, which may not be. */
const signedLog = async (stretches: readonly number[], isAllSigned: boolean): Promise<EventLog> => {
  const partitions = {
    ...{ [topic]: 1, [TOPICS.models]: 1, [TOPICS.jobs]: 1, [TOPICS.audit]: 1, [TOPICS.deadLetters]: 1 },
  };
  let at = 1_000;
  const log = createMemoryEventLog({ partitions, now: () => at++, newId: () => 'log' });
  let before = emptyFrontier;
  let made = 0;
  for (const [stretch, records] of stretches.entries()) {
    const events = Array.from({ length: records }, () => aPredictionRequested({ eventId: `request-${made++}` }));
    await log.append(
      topic,
      events.map((event) => encode(event)),
    );
    if (isAllSigned || stretch < stretches.length - 1)
      before = (await signPartition(log, { topic, partition: 0, before })).after;
  }
  return log;
};

/** What the definition says: hashed from the first record on. */
const plainRoot = async (log: EventLog, size: number): Promise<string> => {
  const tree = growTree(hash);
  for await (const page of log.read({ topic, partition: 0, from: 0, to: size }))
    for (const record of page) tree.push(hash.record(record));
  return tree.root();
};

it('is the root over the first records, wherever checkpoints lie, and reads no more than a stretch or two', async () => {
  const anyStretches = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(anyStretches, fc.boolean(), fc.nat(), async (stretches, isAllSigned, pick) => {
      const log = await signedLog(stretches, isAllSigned);
      const end = stretches.reduce((sum, records) => sum + records, 1);
      const size = pick % (end + 1);
      let read = 0;
      const counted: Pick<EventLog, 'read' | 'bounds'> = {
        bounds: log.bounds,
        read: async function* (range) {
          for await (const page of log.read(range)) {
            if (range.topic === topic) read += page.length;
            yield page;
          }
        },
      };
      const [found] = await readTreeRoots(counted, hash, topic, [{ partition: 0, size }]);
      expect(found).toEqual({ partition: 0, size, root: await plainRoot(log, size) });
      expect(read).toBeLessThanOrEqual(2 * 12 + 3);
    }),
  );
});

it('counts what checkpoints say as hashed, so that attempts with notes and without count alike', async () => {
  const log = await signedLog([1_000, 10, 3], true);
  const told: HashedTrees[] = [];
  const sizes = [{ partition: 0, size: 1_010 }];
  const onPage = (hashed: HashedTrees) => void told.push(hashed);
  await readTreeRoots(log, hash, topic, sizes, { onPage });
  const known = told.at(-1)?.trees ?? [];
  await readTreeRoots(log, hash, topic, sizes, { onPage, known });
  expect(told.filter(({ total }) => total !== 1_010)).toEqual([]);
  expect(told.filter(({ done }) => done < 1_000)).toEqual([]);
});

it('goes on from where an earlier reading was broken off, also where more was signed meanwhile', async () => {
  const records = 40;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(records),
      fc.nat(9),
      fc.boolean(),
      fc.boolean(),
      async (size, pages, isSigned, verified) => {
        const log = await signedLog([8, records - 8], false);
        const small: Pick<EventLog, 'read' | 'bounds'> = {
          bounds: log.bounds,
          read: async function* (range) {
            for await (const page of log.read(range))
              for (let at = 0; at < page.length; at += 4) yield page.slice(at, at + 4);
          },
        };
        const sizes = [{ partition: 0, size }];
        const told: HashedTrees[] = [];
        const broken = readTreeRoots(small, hash, topic, sizes, {
          verified,
          onPage: (hashed) => {
            if (told.push(hashed) > pages) throw new Error('broken off');
          },
        });
        await broken.catch(() => {});
        const known = told.at(-1)?.trees ?? [];
        const done = told.at(-1)?.done;
        if (isSigned) await signPartition(log, { topic, partition: 0 });
        told.length = 0;
        const onPage = (hashed: HashedTrees) => void told.push(hashed);
        const [found] = await readTreeRoots(small, hash, topic, sizes, { verified, known, onPage });
        expect(found?.root).toBe(await plainRoot(log, size));
        expect(told[0]?.done).toBeGreaterThanOrEqual(known[0]?.size ?? 0);
        if (!isSigned) expect(told[0]?.done).toBe(done ?? 0);
        expect(new Set(told.map(({ total }) => total))).toEqual(new Set([size]));
        expect(told.at(-1)?.done).toBe(size);
      },
    ),
  );
});

it('refuses records that are not those of the checkpoint, and a hole', async () => {
  const log = await signedLog([5, 5, 5], true);
  const changed = (edit: (offset: number) => object | undefined): Pick<EventLog, 'read' | 'bounds'> => ({
    bounds: log.bounds,
    read: async function* (range) {
      for await (const page of log.read(range))
        yield page.flatMap((record) => {
          if (range.topic !== topic) return [record];
          const edited = edit(record.offset);
          return edited ? [{ ...record, ...edited }] : [];
        });
    },
  });
  const roots = (of: Pick<EventLog, 'read' | 'bounds'>) => readTreeRoots(of, hash, topic, [{ partition: 0, size: 9 }]);
  await expect(roots(changed((offset) => (offset === 8 ? { value: '{}' } : {})))).rejects.toMatchObject({
    code: 'log_changed',
    message: expect.stringContaining('partition 0: the records from offset 6 to 10'),
  });
  await expect(roots(changed((offset) => (offset === 7 ? undefined : {})))).rejects.toMatchObject({
    code: 'record_missing',
  });
  expect(await roots(changed((offset) => (offset === 2 ? { value: '{}' } : {})))).toHaveLength(1);
});

describe('roots that are to be verified', () => {
  const verified = (log: Pick<EventLog, 'read' | 'bounds'>, size: number) =>
    readTreeRoots(log, hash, topic, [{ partition: 0, size }], { verified: true });

  it.each([9, 10, 12])('of %d records are refused where any record before is not what was signed', async (size) => {
    const log = await signedLog([5, 5, 5], true);
    const [found] = await verified(log, size);
    expect(found).toEqual({ partition: 0, size, root: await plainRoot(log, size) });
    for (const changed of [1, 5, 8]) {
      const edited: Pick<EventLog, 'read' | 'bounds'> = {
        bounds: log.bounds,
        read: async function* (range) {
          for await (const page of log.read(range))
            yield page.map((record) =>
              range.topic === topic && record.offset === changed ? { ...record, value: '{}' } : record,
            );
        },
      };
      await expect(verified(edited, size)).rejects.toMatchObject({ code: 'log_changed' });
    }
  });

  it('are refused where nothing was signed', async () => {
    await expect(verified(await signedLog([3], false), 3)).rejects.toMatchObject({ code: 'not_signed' });
  });
});
