import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelRuntime, RunOutcome, Tensor } from '../ports.ts';

/** Digests of models that a runtime under test can run. Every input is `x`, every output `y`, both float32. */
export interface ModelRuntimeUnderTest {
  readonly runtime: ModelRuntime;
  /** [n, 4] → [n, 1]: x · [1, 2, 3, 4] + 0.5 */
  readonly linear: string;
  /** [n, 1] → [n, 1]: 1, but it kills its process as soon as one x is above 0. */
  readonly crashesOnPositive: string;
  /** [n, 1] → [n, 1]: x, but it never answers as soon as one x is not above 0. */
  readonly hangsOnNegative: string;
  /** Is found, but is no model. */
  readonly unloadable: string;
  /** Paths for `inspect`: the linear model, and a file that is no model. */
  readonly linearPath: string;
  readonly unloadablePath: string;
}

const column = (...values: number[]): Tensor[] => [
  { name: 'x', datatype: 'float32', shape: [values.length, 1], data: Float32Array.from(values) },
];
const fours = (rows: number): Tensor[] => [
  {
    name: 'x',
    datatype: 'float32',
    shape: [rows, 4],
    data: Float32Array.from({ length: rows * 4 }, (_, i) => i),
  },
];
const answer = (outcome: RunOutcome): readonly number[] | string =>
  outcome.ok ? Array.from((outcome.outputs[0] as Tensor).data as Float32Array) : `${outcome.reason}: ${outcome.detail}`;
const reasonOf = (outcome: RunOutcome): string => (outcome.ok ? 'ok' : outcome.reason);
const enough = { timeoutMs: 20_000 };

/** What every `ModelRuntime` promises. */
export const modelRuntimeContract = (name: string, open: () => Promise<ModelRuntimeUnderTest>): void => {
  describe(`${name} keeps the contract of a model runtime`, () => {
    let under: ModelRuntimeUnderTest;
    const run = (sha256: string, inputs: Tensor[], timeoutMs = enough.timeoutMs): Promise<RunOutcome> =>
      under.runtime.run({ sha256 }, inputs, { timeoutMs });

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.runtime.stop());

    it('answers one row, and says with what and how long', async () => {
      const outcome = await run(under.linear, fours(1));
      expect(answer(outcome)).toEqual([20.5]);
      expect(outcome).toMatchObject({ runtime: expect.stringMatching(/^[a-z-]+\/\d/), threads: expect.any(Number) });
      expect(outcome.ok && outcome.inferenceMs).toBeGreaterThanOrEqual(0);
      expect(outcome.ok && outcome.outputs[0]).toMatchObject({ name: 'y', datatype: 'float32', shape: [1, 1] });
    });

    it('answers many rows in their order', async () => {
      expect(answer(await run(under.linear, fours(3)))).toEqual([20.5, 60.5, 100.5]);
    });

    it('runs in all slots at once, and each run gets its own answer', async () => {
      expect(under.runtime.slots).toBeGreaterThanOrEqual(1);
      const runs = Array.from({ length: under.runtime.slots }, (_, i) => run(under.hangsOnNegative, column(i + 1)));
      expect((await Promise.all(runs)).map(answer)).toEqual(runs.map((_, i) => [i + 1]));
    });

    it('warms a model, known or not, without an answer', async () => {
      await under.runtime.warm(under.linear);
      await under.runtime.warm('0'.repeat(64));
    });

    it('rejects an input that the model does not take, and goes on', async () => {
      const outcome = await run(under.linear, column(1));
      expect(reasonOf(outcome)).toBe('rejected');
      expect(!outcome.ok && outcome.detail.length).toBeGreaterThan(0);
      expect(answer(await run(under.linear, fours(1)))).toEqual([20.5]);
    });

    it('says that an artifact is missing', async () => {
      expect(reasonOf(await run('0'.repeat(64), column(1)))).toBe('artifact_missing');
    });

    it('says that a model does not load, each time', async () => {
      expect(reasonOf(await run(under.unloadable, column(1)))).toBe('load_failed');
      expect(reasonOf(await run(under.unloadable, column(1)))).toBe('load_failed');
    });

    it('fails only the run whose process died', async () => {
      const [crashed, beside] = await Promise.all([
        run(under.crashesOnPositive, column(1)),
        run(under.linear, fours(1)),
      ]);
      expect(reasonOf(crashed)).toBe('crashed');
      expect(answer(beside)).toEqual([20.5]);
      expect(answer(await run(under.crashesOnPositive, column(-1)))).toEqual([1]);
    });

    it('ends a run that never would, and goes on', async () => {
      expect(answer(await run(under.hangsOnNegative, column(2)))).toEqual([2]);
      expect(reasonOf(await run(under.hangsOnNegative, column(-1), 100))).toBe('timed_out');
      expect(answer(await run(under.hangsOnNegative, column(3)))).toEqual([3]);
    });

    it('inspects a file before anything runs it', async () => {
      const inspected = await under.runtime.inspect(under.linearPath);
      expect(inspected).toMatchObject({
        ok: true,
        file: {
          replayable: true,
          inputs: [{ name: 'x', kind: 'tensor', datatype: 'float32' }],
          outputs: [{ name: 'y', kind: 'tensor', datatype: 'float32' }],
        },
      });
      expect(inspected.ok && inspected.file.inputs[0]?.shape).toEqual(['N', 4]);
    });

    it('refuses a file that is no model, with a reason', async () => {
      const inspected = await under.runtime.inspect(under.unloadablePath);
      expect(inspected).toMatchObject({ ok: false, refusal: { code: 'not_onnx', detail: expect.any(String) } });
    });

    it('ends a run under way when it is stopped, and takes no more', async () => {
      const last = await open();
      const hanging = last.runtime.run({ sha256: last.hangsOnNegative }, column(-1), enough);
      const stopped = last.runtime.stop();
      expect(reasonOf(await hanging)).toBe('stopped');
      await stopped;
      expect(reasonOf(await last.runtime.run({ sha256: last.linear }, fours(1), enough))).toBe('stopped');
      await last.runtime.stop();
    });
  });
};
