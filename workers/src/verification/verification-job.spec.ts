import type { ModelSignature, VerificationReport, VerificationSpec } from '@hindcast/domain';
import { aPredictionSucceeded } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPastWorld, type PastWorld } from '../testing/past-world.ts';
import { answering, doubling, listSignature, rowsOf, scalarSignature } from '../testing/worker-world.ts';
import { createVerificationHandler } from './verification-job.ts';

let world: PastWorld;
beforeEach(async () => {
  world = await createPastWorld();
});
afterEach(() => world.close());

const some = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, at) => ({ id: `p-${at}`, x: at / 7, ...more }));
const verify = async (spec: Partial<VerificationSpec> = {}): Promise<VerificationReport> => {
  const whole = { cut: await world.cut(), rowsPerSecondMax: 1_000_000, ...spec };
  const { result } = await world.run<VerificationReport>(createVerificationHandler(world.ports), whole);
  expect(world.openRuntimes()).toBe(0);
  if (!result) throw new Error('There is no report.');
  return result;
};
const totals = ({ verified, exact, within_tolerance, decision_flip, mismatch, not_verified }: VerificationReport) => ({
  verified,
  ...{ exact, within_tolerance, decision_flip, mismatch, not_verified },
});
const none = { exact: 0, within_tolerance: 0, decision_flip: 0, mismatch: 0, not_verified: 0 };

describe('a verification', () => {
  it('finds that the same model gives the same answers', async () => {
    const digest = await world.register('double');
    await world.predict(...some(700));
    const report = await verify();
    expect(totals(report)).toEqual({ ...none, verified: 700, exact: 700 });
    expect(report.groups).toMatchObject([
      { model: 'double', version: 1, sha256: digest, runtime: 'in-memory/1', threads: 1, exact: 700, inItsPlace: 0 },
    ]);
    expect(report).toMatchObject({ counts: { requests: 700, succeeded: 700, unfinished: 0 }, again: ['in-memory/1'] });
  });

  it('says how far answers have moved', async () => {
    const digest = await world.register('double');
    await world.predict({ id: 'small', x: 1 }, { id: 'large', x: 4 });
    const moved = (by: number) =>
      world.runtime.serve(digest, (inputs) => answering(rowsOf(inputs).map(([x = 0]) => 2 * x + (x > 2 ? by : 1e-9))));
    moved(1e-9);
    expect(totals(await verify())).toEqual({ ...none, verified: 2, within_tolerance: 2 });
    moved(1);
    const report = await verify();
    expect(totals(report)).toEqual({ ...none, verified: 2, within_tolerance: 1, mismatch: 1 });
    expect(report).toMatchObject({
      reasons: { other_values: 1 },
      examples: [{ predictionId: 'large', verdict: 'mismatch', reason: 'other_values' }],
      groups: [{ maxDifference: 1 }],
    });
  });

  it('sees a class that a small difference has turned', async () => {
    const outputs: ModelSignature['outputs'] = [
      { name: 'y', datatype: 'float64', shape: [null] },
      { name: 'class', datatype: 'int64', shape: [null] },
    ];
    const signature = { ...scalarSignature, outputs };
    const model = (shift: number) => (inputs: Parameters<typeof rowsOf>[0]) => {
      const rows = rowsOf(inputs).map(([x = 0]) => x + shift);
      const classes = BigInt64Array.from(rows.map((y) => (y > 1 ? 1n : 0n)));
      const shape = [rows.length];
      return [...answering(rows), { name: 'class', datatype: 'int64' as const, shape, data: classes }];
    };
    const digest = await world.register('classes', model(0), { signature });
    await world.predict({ id: 'a', x: 1, model: 'classes' }, { id: 'b', x: 3, model: 'classes' });
    world.runtime.serve(digest, model(1e-9));
    const report = await verify();
    expect(totals(report)).toEqual({ ...none, verified: 2, within_tolerance: 1, decision_flip: 1 });
    expect(report.flipped).toBe(1);
  });

  it('gives a row its old place where its bits depend on it', async () => {
    // Rounds in another way in each run of another size, and at each place of it.
    const moody = (inputs: Parameters<typeof rowsOf>[0]) => {
      const rows = rowsOf(inputs);
      return answering(rows.map(([x = 0], place) => x + 1e-9 * (rows.length + place / 100)));
    };
    await world.register('moody', moody, { batchMax: 5 });
    await world.predict(...some(13, { model: 'moody' }));
    const report = await verify();
    expect(totals(report)).toEqual({ ...none, verified: 13, exact: 13 });
    expect(report.groups[0]?.inItsPlace).toBeGreaterThan(0);
  });

  it('runs rows of many shapes', async () => {
    await world.register('lists', doubling, { signature: listSignature });
    const lists = Array.from({ length: 20 }, (_, at) => Array.from({ length: 1 + (at % 3) }, () => at / 3));
    await world.predict(...lists.map((x, at) => ({ id: `l-${at}`, model: 'lists', x })));
    expect(totals(await verify())).toEqual({ ...none, verified: 20, exact: 20 });
  });

  it('takes a file that was changed for another model, and one that is gone for none', async () => {
    const digest = await world.register('double');
    await world.predict(...some(5));
    world.changeFile(digest, 'one byte is another one');
    const changed = await verify();
    expect(totals(changed)).toEqual({ ...none, verified: 5, mismatch: 5 });
    expect(changed.reasons).toEqual({ model_changed: 5 });
    world.changeFile(digest, undefined);
    expect(await verify()).toMatchObject({ not_verified: 5, reasons: { model_missing: 5 } });
  });

  it('sees inputs and outputs that are not those that ran', async () => {
    await world.register('double');
    const request = world.requested({ id: 'forged', x: 3 });
    await world.tell(request);
    const { sha256 } = world.identity;
    const hashes = (input: unknown, output: unknown) => ({
      ...{ sha256: request.data.sha256, runtime: 'in-memory/1', threads: 1, batchSize: 1, batchIndex: 0 },
      ...{ inputHash: sha256(JSON.stringify(input)), outputHash: sha256(JSON.stringify(output)) },
    });
    const answer = (id: string, provenance: ReturnType<typeof hashes>) =>
      aPredictionSucceeded({ id, cause: `request-${id}`, output: { y: 6 }, provenance });
    await world.tell(answer('forged', hashes({ x: 4 }, { y: 6 })));
    await world.tell(world.requested({ id: 'other', x: 3 }), answer('other', hashes({ x: 3 }, { y: 7 })));
    expect(await verify()).toMatchObject({ mismatch: 2, reasons: { input_changed: 1, output_changed: 1 } });
  });

  it('says what could not be run, and goes on', async () => {
    const digest = await world.register('double');
    await world.register('dice', doubling, { signature: { ...scalarSignature, replayable: false } });
    await world.predict(...some(3), { id: 'dice', model: 'dice' });
    world.runtime.misbehave(digest, 'crash');
    expect(await verify()).toMatchObject({ not_verified: 4, reasons: { run_failed: 3, not_replayable: 1 } });
    world.runtime.misbehave(digest, 'reject');
    expect(await verify()).toMatchObject({ mismatch: 3, not_verified: 1, reasons: { run_refused: 3 } });
  });

  it('does not take what was imported for something that ran here', async () => {
    await world.register('double');
    const answer = aPredictionSucceeded({ id: 'old', cause: 'request-old', output: { y: 6 } });
    const { provenance: _, ...data } = answer.data;
    await world.tell(world.requested({ id: 'old', x: 3 }), { ...answer, data });
    expect(await verify()).toMatchObject({
      not_verified: 1,
      reasons: { imported: 1 },
      groups: [{ runtime: 'imported' }],
    });
  });

  it('can be of one model, one version, or a share that always has the same members', async () => {
    await world.register('double');
    await world.register('other');
    await world.predict(...some(300), { id: 'o', model: 'other' });
    expect(await verify({ model: 'other' })).toMatchObject({ verified: 1, counts: { requests: 1 } });
    expect(await verify({ version: 2 })).toMatchObject({ verified: 0 });
    const share = async (size: number) => (await verify({ sample: { share: size, salt: 's' } })).verified;
    const tenth = await share(0.1);
    expect(tenth).toBeGreaterThan(5);
    expect(tenth).toBeLessThan(80);
    expect(await share(0.1)).toBe(tenth);
    expect(await share(0.01)).toBeLessThanOrEqual(tenth);
    expect(await share(1)).toBe(301);
  });

  it('goes on where it was, wherever it was stopped, to the same report', async () => {
    await world.register('double');
    await world.predict(...some(1_500));
    const handler = createVerificationHandler(world.ports);
    const spec = { cut: await world.cut(), rowsPerSecondMax: 1_000_000 };
    const whole = (await world.run<VerificationReport>(handler, spec)).result;
    for (const stopAt of [1, 900, 2_000, 2_900]) {
      const { checkpoint } = await world.run(handler, spec, { stopAt: (done) => done >= stopAt });
      const { result } = await world.run<VerificationReport>(handler, spec, { checkpoint });
      expect({ ...result, timings: undefined }).toEqual({ ...whole, timings: undefined });
      expect(world.openRuntimes()).toBe(0);
    }
  });

  it('is refused where the log is another one', async () => {
    await world.register('double');
    const cut = await world.cut();
    await expect(verify({ cut: { ...cut, logId: 'elsewhere' } })).rejects.toThrow(
      'It is a stretch of the log elsewhere',
    );
    const ranges = cut.ranges.map((range) => ({ ...range, to: range.to + 1 }));
    await expect(verify({ cut: { ...cut, ranges } })).rejects.toThrow('The log has no offset');
  });

  it('runs no more rows in a second than it may', async () => {
    await world.register('double', doubling, { batchMax: 10 });
    await world.predict(...some(60));
    // Six runs: each but the first waits until those before it have had their time.
    const { timings } = await verify({ rowsPerSecondMax: 500 });
    expect(timings.pausedMs).toBeGreaterThan(80);
    const handler = createVerificationHandler(world.ports);
    const { result } = await world.run<VerificationReport>(handler, { cut: await world.cut() });
    expect(result?.timings.pausedMs).toBe(0);
  });
});
