import { createMongoClient, openMongoViews } from '@hindcast/adapters/mongodb';
import type { Checkpoint, PredictionDoc, ViewDatabase } from '@hindcast/domain';
import { endedDoc, requestedDoc } from '@hindcast/domain/contracts';
import { docsIn } from '@hindcast/domain/testing';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type DocumentStore, startDocumentStore } from '../services/document-store.ts';
import { withMongoViews } from './mongo-views.ts';

const { mongodb } = inject('services');
const writersOfOne = 200;
const partitions = 3;
const batchDocs = 40;
const readTimeoutMs = 5_000;

/** Two steps of each prediction, as two saves write them. */
const stepsOf = (id: string): readonly [PredictionDoc, PredictionDoc] => [
  requestedDoc(id, 1, 1_000),
  endedDoc(id, 2, { 'a.b': { $c: id }, deep: [[1], [2, [3, ['NaN', 9_007_199_254_740_991, 5e-324]]]] }),
];
const checkpointOf = (partition: number, next: number): Checkpoint => ({ logId: 'log-1', epoch: 0, partition, next });

describe.skipIf(!mongodb)('many writers of MongoDB', () => {
  it.each(['of their own', 'all the same'])(`let one of ${writersOfOne} win, with positions %s`, (positions) =>
    withMongoViews(mongodb ?? '', 4, async (processes, database) => {
      const [views] = processes;
      await views?.statusStore(1).save([{ doc: requestedDoc('a', 1, 1_000), base: undefined }]);
      const saves = Array.from({ length: writersOfOne }, (_, i) => {
        const pos = positions === 'of their own' ? 2 + i : 2;
        const doc = endedDoc('a', pos, { database, writer: i });
        const others = [{ doc: requestedDoc(`b-${i}`, 1, 1_000), base: undefined }];
        return processes[i % processes.length]?.statusStore(1).save([{ doc, base: 1 }, ...others]);
      });
      const lost = await Promise.all(saves);
      const winners = lost.flatMap((keys, i) => (keys?.length === 0 ? [i] : []));
      expect(winners).toHaveLength(1);
      expect(new Set(lost.flat())).toEqual(new Set(['t/a']));
      const stored = await views?.reader.prediction('t/a');
      expect(stored?.state).toMatchObject({ output: { writer: winners[0] } });
    }),
  );

  it('give generations different numbers, and the pointer to one of them', () =>
    withMongoViews(mongodb ?? '', 4, async (processes) => {
      const made = await Promise.all(processes.map((views) => views.create('prediction-status')));
      expect(made.map(({ generation }) => generation).sort()).toEqual([2, 3, 4, 5]);
      for (const { generation } of made) {
        const doc = requestedDoc('a', generation, 1_000);
        await processes[0]?.generations();
        await processes[0]?.statusStore(generation).save([{ doc, base: undefined }]);
      }
      await Promise.all(made.map(({ generation }, i) => processes[i]?.promote('prediction-status', generation)));
      const live = (await processes[0]?.generations())?.filter(({ state }) => state === 'live');
      expect(live).toHaveLength(2);
      const pos = live?.find(({ projection }) => projection === 'prediction-status')?.generation;
      await vi.waitFor(async () => {
        for (const views of processes) expect((await views.reader.prediction('t/a'))?.pos).toBe(pos);
      }, readTimeoutMs);
    }));

  it('follow a pointer in every process once it was moved', () =>
    withMongoViews(mongodb ?? '', 3, async ([mover, ...readers]) => {
      if (!mover) throw new Error('There are no views.');
      await mover.statusStore(1).save([{ doc: requestedDoc('a', 1, 1_000), base: undefined }]);
      const { generation } = await mover.create('prediction-status');
      await mover.statusStore(generation).save([{ doc: requestedDoc('a', 2, 1_000), base: undefined }]);
      for (const { reader } of readers) expect((await reader.prediction('t/a'))?.pos).toBe(1);
      await mover.promote('prediction-status', generation);
      for (const { reader } of readers) expect((await reader.prediction('t/a'))?.pos).toBe(2);
    }));

  it('never find a generation empty while the pointer moves and the old one is dropped', () =>
    withMongoViews(mongodb ?? '', 2, async ([mover, reader]) => {
      if (!mover || !reader) throw new Error('There are no views.');
      await mover.statusStore(1).save([{ doc: requestedDoc('a', 1, 1_000), base: undefined }]);
      let moving = true;
      const move = async () => {
        for (let before = 1; before < 6; before += 1) {
          const { generation } = await mover.create('prediction-status');
          const doc = requestedDoc('a', generation, 1_000);
          await mover.statusStore(generation).save([{ doc, base: undefined }]);
          await mover.promote('prediction-status', generation);
          await mover.drop('prediction-status', before);
        }
        moving = false;
      };
      const read = async () => {
        for (let reads = 0; ; reads += 1) {
          expect(await reader.reader.prediction('t/a')).toBeDefined();
          expect(await reader.reader.predictions({ tenant: 't', limit: 5 })).toHaveLength(1);
          if (!moving) return reads;
        }
      };
      const [, reads] = await Promise.all([move(), read()]);
      expect(reads).toBeGreaterThan(5);
    }));
});

describe.skipIf(!mongodb)('a MongoDB that fails', () => {
  let store: DocumentStore;
  beforeAll(async () => {
    store = await startDocumentStore({ killable: true });
  });
  afterAll(() => store?.stop());

  /** Saves two steps of documents again and again, as a projector does: a failed save is read and saved anew. */
  const writer = (views: ViewDatabase, partition: number) => {
    const acknowledged: PredictionDoc[] = [];
    let next = 0;
    let failures = 0;
    let stopped = false;
    const save = async (docs: readonly PredictionDoc[], checkpoint?: Checkpoint): Promise<void> => {
      const view = views.statusStore(1);
      for (;;) {
        try {
          const stored = await view.load(docs.map(({ key }) => key));
          const open = docs.filter(({ key, pos }) => (stored.get(key)?.pos ?? 0) < pos);
          const writes = open.map((doc) => ({ doc, base: stored.get(doc.key)?.pos }));
          if ((await view.save(writes, checkpoint)).length === 0) return;
        } catch {
          failures += 1;
        }
      }
    };
    const run = async () => {
      for (let batch = 0; !stopped; batch += 1) {
        const steps = Array.from({ length: batchDocs }, (_, i) => stepsOf(`${partition}-${batch}-${i}`));
        await save(steps.map(([first]) => first));
        const ends = steps.map(([, second]) => second);
        await save(ends, checkpointOf(partition, batch + 1));
        acknowledged.push(...ends);
        next = batch + 1;
      }
    };
    const running = run();
    return {
      acknowledged,
      next: () => next,
      failures: () => failures,
      stop: () => {
        stopped = true;
        return running;
      },
    };
  };

  it('has after kill -9 and a restart all that it acknowledged, and nothing half', async () => {
    const client = createMongoClient(store.url);
    const database = 'killed';
    const views = await openMongoViews({ server: { client }, database, now: Date.now });
    const writers = Array.from({ length: partitions }, (_, partition) => writer(views, partition));
    const allPast = (batches: readonly number[]) =>
      vi.waitFor(
        () => {
          for (const [i, one] of writers.entries()) expect(one.next()).toBeGreaterThan((batches[i] ?? 0) + 2);
        },
        { timeout: 60_000 },
      );
    await allPast([]);
    await store.kill();
    const atKill = writers.map((one) => one.next());
    await vi.waitFor(() => expect(writers.some((one) => one.failures() > 0)).toBe(true), { timeout: 60_000 });
    await store.restart();
    const fresh = createMongoClient(store.url);
    const after = await openMongoViews({ server: { client: fresh }, database, now: Date.now });
    const checkpoints = await after.reader.checkpoints('prediction-status');
    for (const { partition, next } of checkpoints) expect(next).toBeGreaterThanOrEqual(atKill[partition] ?? 0);
    await allPast(atKill);
    await Promise.all(writers.map((one) => one.stop()));

    const stored = new Map((await docsIn(after.statusStore(1))).map((doc) => [doc.key, doc]));
    const acknowledged = writers.flatMap((one) => one.acknowledged);
    expect(stored.size).toBe(acknowledged.length);
    for (const doc of acknowledged) expect(stored.get(doc.key)).toEqual(doc);
    const last = await after.reader.checkpoints('prediction-status');
    expect(last).toEqual(writers.map((one, partition) => checkpointOf(partition, one.next())));
    await client.close();
    await fresh.close();
  });

  it('refuses reads in time while it is frozen, and answers when it goes on', async () => {
    const views = await openMongoViews({ server: { uri: store.url }, database: 'frozen', now: Date.now });
    const doc = requestedDoc('a', 1, 1_000);
    await views.statusStore(1).save([{ doc, base: undefined }]);
    await store.freeze();
    const begin = performance.now();
    const reads = await Promise.allSettled(Array.from({ length: 50 }, () => views.reader.prediction('t/a')));
    expect(reads.filter(({ status }) => status === 'rejected')).toHaveLength(50);
    expect(performance.now() - begin).toBeLessThan(readTimeoutMs + 2_000);
    await store.thaw();
    await vi.waitFor(async () => expect(await views.reader.prediction('t/a')).toEqual(doc), { timeout: 30_000 });
    await views.stop();
  });

  it('is not waited for without end when a process starts', async () => {
    const uri = 'mongodb://127.0.0.1:1/?directConnection=true';
    await expect(openMongoViews({ server: { uri }, database: 'none', now: Date.now })).rejects.toThrow(/connect/i);
  });
});
