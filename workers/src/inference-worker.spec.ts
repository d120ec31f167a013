import { anImportedPrediction } from '@hindcast/domain/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type InferenceWorker, startInferenceWorker } from './inference-worker.ts';
import {
  createWorkerWorld,
  doubling,
  listSignature,
  scalarSignature,
  until,
  type WorkerWorld,
} from './testing/worker-world.ts';

let world: WorkerWorld;
let worker: InferenceWorker;
const start = async (slots = 2) => {
  world = await createWorkerWorld({ slots });
  await world.register('double');
};
const work = async (options = {}) => {
  worker = await startInferenceWorker(world.ports, { group: 'workers', ...options });
  await worker.whenCaughtUp();
};
const allDone = () =>
  until(() => worker.open() === 0 && worker.stats().unwritten === 0 && worker.stats().running === 0);
afterEach(async () => {
  await worker?.stop();
  await world.close();
});

describe('inference worker', () => {
  it('answers a request with a result that can be proved', async () => {
    await start();
    await work();
    await world.ask({ id: 'a', x: 21 });
    await until(() => worker.stats().rows === 1);
    await allDone();
    expect((await world.states()).get('a')).toMatchObject({
      status: 'succeeded',
      output: { y: 42 },
      attempts: 1,
      provenance: {
        sha256: world.identity.sha256('double'),
        runtime: 'in-memory/1',
        threads: 1,
        batchSize: 1,
        batchIndex: 0,
        inputHash: world.identity.sha256('{"x":21}'),
        outputHash: world.identity.sha256('{"y":42}'),
      },
    });
    const told = (await world.events()).flatMap((event) => (event.type === 'PredictionSucceeded' ? [event] : []));
    expect(told).toMatchObject([{ source: '/hindcast/worker' }]);
    for (const { data } of told) expect(data.inferenceMs).toBe(Number(data.inferenceMs?.toFixed(3)));
  });

  it('never runs what was imported, though its answer may not be there yet and its model is one that it has', async () => {
    await start();
    await world.tell(...anImportedPrediction({ id: 'half' }).slice(0, 1));
    const [request] = anImportedPrediction({ id: 'known' });
    if (request?.type !== 'PredictionRequested') throw new Error('There is no imported request.');
    const { model, version, sha256 } = world.requested({ id: 'known', x: 1 }).data;
    await world.tell({ ...request, data: { ...request.data, model, version, sha256, input: { x: 1 } } });
    await world.ask({ id: 'asked', x: 21 });
    await work();
    await until(() => worker.stats().rows === 1);
    await worker.whenCaughtUp();
    expect(worker.open()).toBe(0);
    const states = await world.states();
    expect(states.get('asked')).toMatchObject({ status: 'succeeded' });
    for (const id of ['half', 'known']) expect(states.get(id)).toMatchObject({ status: 'queued' });
  });

  it('keeps nothing of what has ended, and commits it', async () => {
    await start();
    await work();
    await world.ask({ id: 'a' }, { id: 'b' }, { id: 'c' });
    await until(() => worker.stats().rows === 3);
    await allDone();
    await worker.whenCaughtUp();
    expect(worker.stats()).toMatchObject({ open: 0, queued: 0, payloadBytes: 0 });
    await worker.stop();
    const before = world.runtime.runs(world.identity.sha256('double'));
    await work();
    await worker.whenCaughtUp();
    expect(worker.open()).toBe(0);
    expect(world.runtime.runs(world.identity.sha256('double'))).toBe(before);
  });

  it('reads each row by the signature of its own version, also where two versions are one file', async () => {
    await start(1);
    const [feature] = scalarSignature.features;
    const renamed = { ...scalarSignature, features: feature ? [{ ...feature, name: 'z' }] : [] };
    await world.register('double', doubling, { signature: renamed });
    const asks = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? { id: `p-${i}`, x: i } : { id: `p-${i}`, version: 2, input: { z: i } },
    );
    await world.ask({ id: 'no-such-version', version: 3 }, { id: 'first', x: 0 }, ...asks);
    await work({ runMsMax: 1e9 });
    await until(() => worker.open() === 1 && worker.stats().running === 0);
    const states = await world.states();
    for (let i = 0; i < 20; i++) expect(states.get(`p-${i}`)).toMatchObject({ output: { y: 2 * i } });
    expect(states.get('no-such-version')).toMatchObject({ status: 'queued' });
  });

  it('appends the results of a batch as one', async () => {
    await start(1);
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await world.register('gated', async (inputs) => {
      await gate;
      return doubling(inputs);
    });
    await work({ runMsMax: 1e9 });
    const learn = { model: 'gated', x: 0 };
    await world.ask({ id: 'first', ...learn });
    await until(() => worker.stats().running === 1);
    await world.ask(...Array.from({ length: 30 }, (_, i) => ({ id: `g-${i}`, model: 'gated', x: i })));
    await until(() => worker.stats().queued === 30);
    release();
    await allDone();
    expect(world.appends.map((types) => types.length).sort((a, b) => b - a)[0]).toBe(30);
    const sizes = [...(await world.states()).values()].map((s) => ('provenance' in s ? s.provenance?.batchSize : 0));
    expect(sizes.filter((size) => size === 30)).toHaveLength(30);
  });

  it('leaves the requests of other pools alone', async () => {
    await start();
    await work({ pools: ['default'] });
    await world.ask({ id: 'gpu', pool: 'gpu' }, { id: 'mine' });
    await until(() => worker.stats().rows === 1);
    await allDone();
    await worker.whenCaughtUp();
    const states = await world.states();
    expect(states.get('gpu')?.status).toBe('queued');
    expect(states.get('mine')?.status).toBe('succeeded');
  });

  it('runs a request again only where its repeat comes after its end', async () => {
    await start();
    await work();
    const request = world.requested({ id: 'a', x: 3 });
    await world.tell(request, request, world.requested({ id: 'a', x: 3, eventId: 'again' }));
    await until(() => worker.stats().rows === 1);
    await allDone();
    await worker.whenCaughtUp();
    expect(worker.stats().rows).toBe(1);
    await world.tell(request);
    await until(() => worker.stats().rows === 2);
    await allDone();
    const terminal = (await world.events()).filter((event) => event.type === 'PredictionSucceeded');
    expect(terminal).toHaveLength(2);
    expect((await world.states()).get('a')).toMatchObject({ status: 'succeeded', output: { y: 6 } });
  });

  it('answers the winner of a key that two bodies raced for', async () => {
    await start();
    await work();
    const other = { eventId: 'other', requestHash: '2'.repeat(64) };
    await world.ask({ id: 'a', x: 1 }, { id: 'a', x: 100, ...other });
    await until(() => worker.stats().rows >= 1);
    await allDone();
    expect((await world.states()).get('a')).toMatchObject({ output: { y: 2 } });
  });

  it('reads inputs from the artifact store, and puts large outputs there', async () => {
    await start();
    const long = 'x'.repeat(300_000);
    await world.register('long', (inputs) => [
      { name: 'y', datatype: 'string', shape: [inputs[0]?.shape[0] ?? 1], data: [long] },
    ]);
    await work();
    const bytes = new TextEncoder().encode('{"x":5}');
    const inputRef = await world.artifacts.put(
      (async function* () {
        yield bytes;
      })(),
      1_000,
    );
    const { input: _, ...data } = world.requested({ id: 'ref' }).data;
    const asked = world.requested({ id: 'ref' });
    await world.tell({ ...asked, data: { ...data, inputRef } });
    await world.ask({ id: 'long', model: 'long' });
    await until(() => worker.stats().rows === 2);
    await allDone();
    const states = await world.states();
    expect(states.get('ref')).toMatchObject({ output: { y: 10 } });
    const ended = states.get('long');
    expect(ended).toMatchObject({ status: 'succeeded', outputRef: { bytes: 300_008 } });
    expect(ended).not.toMatchObject({ output: expect.anything() });
  });

  it('gives every caller its own answer, whatever arrives in which company', async () => {
    const arrival = fc.record({ x: fc.array(fc.integer({ min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(arrival, { maxLength: 12 }), { maxLength: 6 }), async (waves) => {
        const here = await createWorkerWorld({ slots: 2 });
        await here.register('sum', doubling, { signature: listSignature, batchMax: 5 });
        const mine = await startInferenceWorker(here.ports, { group: 'w' });
        const asked = new Map<string, readonly number[]>();
        for (const [w, wave] of waves.entries()) {
          const asks = wave.map(({ x }, i) => ({ id: `${w}-${i}`, model: 'sum', x }));
          for (const ask of asks) asked.set(ask.id, ask.x);
          if (asks.length > 0) await here.ask(...asks);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await mine.whenCaughtUp();
        await until(() => mine.open() === 0);
        const states = await here.states();
        await mine.stop();
        await here.close();
        for (const [id, x] of asked) {
          expect(states.get(id)).toMatchObject({ output: { y: 2 * x.reduce((a, b) => a + b, 0) } });
        }
      }),
      { numRuns: 40 },
    );
  });
});
