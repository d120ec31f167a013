import { evolvePrediction, makeEvent, type RecordedRecord, TOPICS } from '@hindcast/domain';
import { createMemoryViews } from '@hindcast/domain/in-memory';
import {
  aModelPaused,
  anImportedPrediction,
  aPredictionCanceled,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
  seededRandom,
} from '@hindcast/domain/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeadLetter, noDeadLetters } from './dead-letters.ts';
import {
  createPredictionStatusProjection,
  type PredictionStatusPorts,
  predictionStatusOf,
} from './prediction-status.ts';
import { startProjector } from './start-projector.ts';
import { differences } from './testing/differences.ts';
import { logId, randomRecords, recordsOf, sliceOf } from './testing/one-partition.ts';
import { createProjectionWorld, recordsIn } from './testing/projection-world.ts';

const now = () => 1_000;
const projectionOver = (
  views = createMemoryViews({ now }),
  more: Partial<Parameters<typeof createPredictionStatusProjection>[0]> = {},
) =>
  createPredictionStatusProjection({
    generation: 1,
    status: views.statusStore(1),
    stats: views.statsStore(1),
    quality: views.qualityStore(1),
    labels: views.labelsStore(1),
    deadLetters: noDeadLetters,
    ...more,
  });

const startPredictionStatus = (
  ports: PredictionStatusPorts,
  { generation, group }: { generation: number; group: string },
) => startProjector({ log: ports.log, projection: predictionStatusOf(ports, generation, { announcing: true }), group });

describe('the status projection', () => {
  it('makes of any batches, delivered any number of times, what a serial fold makes of the records', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(40), fc.nat(12), fc.boolean()), { maxLength: 12 }),
        async (seed, redeliveries) => {
          const records = randomRecords(seededRandom(seed), { keys: 5, records: 40 });
          const views = createMemoryViews({ now });
          let projection = projectionOver(views);
          let next = 0;
          for (const [back, length, restarted] of [...redeliveries, [0, records.length, false] as const]) {
            if (restarted) projection = projectionOver(views);
            const batch = records.slice(Math.max(0, next - back), next + length);
            if (batch.length > 0) await projection.project(sliceOf(batch));
            next = Math.min(records.length, next + length);
          }
          expect(await differences(views, records)).toEqual({ status: [], stats: [], quality: [] });
        },
      ),
    ));

  it('reads nothing it has at hand: a request and its result cost no load', async () => {
    const views = createMemoryViews({ now });
    let loads = 0;
    const status = views.statusStore(1);
    const counting = {
      ...status,
      load(keys: readonly string[]) {
        loads += 1;
        return status.load(keys);
      },
    };
    const projection = projectionOver(views, { status: counting });
    const records = recordsOf([aPredictionRequested(), aPredictionSucceeded()]);
    await projection.project(sliceOf(records.slice(0, 1)));
    await projection.project(sliceOf(records.slice(1)));
    expect(loads).toBe(0);
    expect((await views.reader.prediction('default/p-1'))?.state.status).toBe('succeeded');
  });

  it('announces what was acknowledged: ended ones to the cache, changed ended ones out of it', async () => {
    const world = createProjectionWorld();
    const projector = await startPredictionStatus(world, { generation: 1, group: 'g' });
    const [requested] = await world.append([aPredictionRequested(), aPredictionCanceled(), aPredictionSucceeded()]);
    await projector.whenCaughtUp();
    await world.append([aPredictionLabeled()]);
    await projector.whenCaughtUp();
    await projector.stop();
    const offset = requested?.ok ? requested.position.offset : -1;
    expect(world.announced).toEqual([`default/p-1@${offset + 2} canceled`, `default/p-1@${offset + 3} canceled`]);
    expect(world.cached).toEqual(['default/p-1']);
    expect(world.dropped).toEqual(['default/p-1']);
    expect(await world.cache.get('default/p-1')).toBeUndefined();
  });

  it('counts what was imported nowhere, and does not let it push results out of the cache', async () => {
    const world = createProjectionWorld();
    const projector = await startPredictionStatus(world, { generation: 1, group: 'g' });
    const asked = [
      aPredictionRequested({ id: 'asked', eventId: 'request-asked' }),
      aPredictionSucceeded({ id: 'asked', eventId: 'success-asked', cause: 'request-asked' }),
    ];
    await world.append([...anImportedPrediction({ id: 'old' }), ...asked]);
    await projector.whenCaughtUp();
    await projector.stop();
    expect((await world.views.reader.prediction('default/old'))?.state.status).toBe('succeeded');
    const stats = await world.views.reader.stats({ tenant: 'default', since: 0, until: Number.MAX_SAFE_INTEGER });
    expect(stats.map(({ accepted, succeeded }) => [accepted, succeeded])).toEqual([[1, 1]]);
    expect(world.cached).toEqual(['default/asked']);
    expect(world.announced.some((told) => told.startsWith('default/old@'))).toBe(true);
  });

  it('announces nothing that the store has not acknowledged', async () => {
    const views = createMemoryViews({ now });
    const failing = { ...views.statusStore(1), save: async () => Promise.reject(new Error('The disk is full.')) };
    const announced: string[] = [];
    const projection = projectionOver(views, {
      status: failing,
      announce: async (docs) => {
        for (const { doc } of docs) announced.push(doc.key);
      },
    });
    await expect(projection.project(sliceOf(recordsOf([aPredictionRequested()])))).rejects.toThrow('full');
    expect(announced).toEqual([]);
  });

  it('keeps a failing cache from hurting the fold', async () => {
    const world = createProjectionWorld();
    const cache = { ...world.cache, put: async () => Promise.reject(new Error('The cache is down.')) };
    const projector = await startPredictionStatus({ ...world, cache }, { generation: 1, group: 'g' });
    await world.append([aPredictionRequested(), aPredictionSucceeded()]);
    await projector.whenCaughtUp();
    await projector.stop();
    expect(world.announced).toHaveLength(1);
  });
});

describe('records that cannot be folded', () => {
  it('go to the dead letters with what they were and where, and are passed over', async () => {
    const world = createProjectionWorld();
    const event = aPredictionRequested();
    const unknown = { ...event, type: 'PredictionDreamt', dataschema: 'urn:hindcast:schema:PredictionDreamt:1' };
    await world.log.append(TOPICS.predictions, [
      { key: 'default/bad', value: 'no JSON', headers: { type: 'x' } },
      { key: event.partitionkey, value: JSON.stringify(unknown), headers: {} },
    ]);
    await world.append([aModelPaused(), event]);
    const projector = await startPredictionStatus(world, { generation: 1, group: 'g' });
    await projector.whenCaughtUp();
    await projector.stop();
    const letters = await recordsIn(world.log, TOPICS.deadLetters);
    expect(letters.map(({ key, headers }) => [key, headers['dead-reason']]).sort()).toEqual([
      ['default/bad', 'undecodable'],
      ['default/churn', 'wrong_topic'],
    ]);
    const bad = letters.find(({ key }) => key === 'default/bad');
    expect(bad).toMatchObject({ value: 'no JSON', headers: { type: 'x', 'dead-topic': TOPICS.predictions } });
    expect(bad?.headers['dead-offset']).toMatch(/^\d+$/);
    expect(projector.counts()).toEqual({ unknownTypes: 1, deadLettered: 2 });
    expect((await world.views.reader.prediction('default/p-1'))?.state.status).toBe('queued');
  });

  it('of another partition are not folded', async () => {
    const letters: DeadLetter[] = [];
    const views = createMemoryViews({ now });
    const projection = projectionOver(views, { deadLetters: { append: async (more) => void letters.push(...more) } });
    const [{ event: _, ...record } = { event: undefined }] = recordsOf([aPredictionRequested()]);
    const slices = Array.from({ length: 50 }, (_, i) => ({ ...record, key: `default/p-${i}`, offset: i })).map(
      (of) => ({
        ...of,
        value: JSON.stringify(aPredictionRequested({ id: of.key.slice('default/'.length) })),
      }),
    );
    const slice = { ...sliceOf(recordsOf([])), records: slices, partitions: 2 };
    await projection.project(slice as Parameters<typeof projection.project>[0]);
    expect(letters.length).toBeGreaterThan(5);
    expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['wrong_partition']));
    expect((await views.reader.predictions({ tenant: 'default', limit: 100 })).length).toBe(50 - letters.length);
  });

  it('park their key when the fold itself fails, and nobody else', async () => {
    const letters: string[] = [];
    const views = createMemoryViews({ now });
    const projection = projectionOver(views, {
      deadLetters: {
        append: async (more) => void letters.push(...more.map(({ record, reason }) => `${record.offset} ${reason}`)),
      },
      evolve: (state, stored) => {
        if (stored.event.id === 'poison') throw new Error('It cannot be.');
        return evolvePrediction(state, stored);
      },
    });
    const records = recordsOf([
      aPredictionRequested(),
      aPredictionCanceled({ eventId: 'poison' }),
      aPredictionRequested({ id: 'p-2' }),
      aPredictionSucceeded(),
    ]);
    await projection.project(sliceOf(records.slice(0, 3)));
    await projection.project(sliceOf(records.slice(1)));
    expect(letters).toEqual(['1 fold_failed', '3 key_parked']);
    const parked = await views.reader.prediction('default/p-1');
    expect(parked).toMatchObject({
      pos: 3,
      parked: { offset: 1, detail: 'Error: It cannot be.' },
      state: { status: 'queued' },
    });
    expect((await views.reader.prediction('default/p-2'))?.parked).toBeUndefined();
  });
});

describe('a projector', () => {
  it('goes on from its own checkpoint, whatever the group has committed', async () => {
    const world = createProjectionWorld();
    const first = await startPredictionStatus(world, { generation: 1, group: 'g' });
    await world.append([aPredictionRequested()]);
    await first.whenCaughtUp();
    await first.stop();
    await world.append([aPredictionSucceeded()]);
    const second = await startPredictionStatus(world, { generation: 1, group: 'another' });
    await second.whenCaughtUp();
    await second.stop();
    expect(world.announced).toHaveLength(2);
  });

  it.each([
    ['foreign_log', { logId: 'another', next: 1 }],
    ['checkpoint_past_end', { next: 1_000 }],
  ])('refuses to go on with %s, and asks for a rebuild', async (code, change) => {
    const world = createProjectionWorld();
    const [bounds] = await world.log.bounds(TOPICS.predictions);
    const checkpoint = { logId: bounds?.logId ?? '', epoch: 0, partition: 0, ...change };
    await world.views.statusStore(1).save([], checkpoint);
    const starting = startPredictionStatus(world, { generation: 1, group: 'g' });
    await expect(starting).rejects.toMatchObject({ code, message: expect.stringContaining('projections rebuild') });
  });

  it('refuses a batch that leaves records out, and drops those it has folded', async () => {
    const world = createProjectionWorld();
    await world.append([aPredictionRequested(), aPredictionSucceeded()]);
    const [home] = (await world.log.bounds(TOPICS.predictions)).filter(({ end }) => end > 1);
    const partition = home?.partition ?? 0;
    type Handlers = Parameters<typeof world.log.consume>[1];
    let handlers: Handlers | undefined;
    const log = {
      ...world.log,
      consume: async (_: unknown, given: Handlers) => {
        handlers = given;
        return { commit() {}, pause() {}, resume() {}, stop: async () => {} };
      },
    };
    const projector = await startPredictionStatus({ ...world, log }, { generation: 1, group: 'g' });
    expect(await handlers?.onAssigned?.(partition, 99)).toBe(0);
    const records: RecordedRecord[] = [];
    for await (const page of world.log.read({ topic: TOPICS.predictions, partition, from: 0 })) records.push(...page);
    const deliver = (from: number, to: number) =>
      handlers?.onBatch({ topic: TOPICS.predictions, partition, records: records.slice(from, to), end: 3 });
    await expect(deliver(1, 3)).rejects.toMatchObject({ code: 'gap' });
    await deliver(0, 2);
    await deliver(0, 3);
    expect(projector.progress()).toEqual([{ partition, next: 3, end: 3 }]);
    expect(world.announced).toHaveLength(2);
  });

  it('ignores what says nothing of a prediction: the opening of the log', async () => {
    const views = createMemoryViews({ now });
    const opened = makeEvent({
      id: 'o',
      source: 'log',
      type: 'LogOpened',
      at: 0,
      tenant: 'default',
      subject: 'log-0',
      data: { logId, epoch: 0, partition: 0, partitions: 1 },
    });
    const [record] = recordsOf([aPredictionRequested()]);
    if (!record) throw new Error('There is no record.');
    await projectionOver(views).project(sliceOf([{ ...record, key: opened.partitionkey, event: opened }]));
    expect(await views.statusStore(1).checkpoints()).toEqual([{ logId, epoch: 0, partition: 0, next: 1 }]);
    expect(await views.reader.prediction(opened.partitionkey)).toBeUndefined();
  });
});
