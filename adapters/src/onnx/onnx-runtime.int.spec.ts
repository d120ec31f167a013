import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  compileBatch,
  deriveSignature,
  type ModelRuntime,
  type ModelSignature,
  rowOutputs,
  validateInput,
} from '@hindcast/domain';
import { modelRuntimeContract } from '@hindcast/domain/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxRuntime } from './onnx-runtime.ts';

const root = new URL('../../../', import.meta.url);
/** Digests are stood in for by the name of the model: of a sample, or of a test model. */
const pathOf = (name: string): string =>
  fileURLToPath(new URL(name.includes('/') ? `${name}.onnx` : `tests/models/${name}.onnx`, root));
const artifactPath = async (name: string) => (/^0+$/.test(name) ? undefined : pathOf(name));
const enough = { timeoutMs: 20_000 };

modelRuntimeContract('onnxruntime-node', async () => ({
  runtime: createOnnxRuntime({ artifactPath, children: 2 }),
  linear: 'linear',
  crashesOnPositive: 'crash_on_positive',
  hangsOnNegative: 'endless_loop',
  unloadable: 'broken',
  linearPath: pathOf('linear'),
  unloadablePath: pathOf('not_onnx'),
}));

describe('onnxruntime-node with real models', () => {
  let runtime: ModelRuntime;
  beforeAll(() => {
    runtime = createOnnxRuntime({ artifactPath, children: 2 });
  });
  afterAll(() => runtime.stop());

  const signatureOf = async (name: string, sidecar?: Record<string, unknown>): Promise<ModelSignature> => {
    const inspected = await runtime.inspect(pathOf(name));
    const derived = inspected.ok ? deriveSignature(inspected.file, sidecar) : inspected;
    if (!derived.ok) throw new Error(`${derived.refusal.code}: ${derived.refusal.detail}`);
    expect(validateInput(derived.signature, derived.example)).toEqual([]);
    return derived.signature;
  };
  const predict = async (name: string, signature: ModelSignature, rows: readonly unknown[]) => {
    for (const row of rows) expect(validateInput(signature, row)).toEqual([]);
    const outcome = await runtime.run({ sha256: name }, compileBatch(signature).encode(rows), enough);
    if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.detail}`);
    const answers = rowOutputs(signature, outcome.outputs, rows.length);
    if (!answers.ok) throw new Error(answers.detail);
    return answers.rows;
  };

  const goldenOf = (sample: string): { input: object; output: { label: unknown; probabilities: number[] } }[] => {
    const lines = readFileSync(new URL(`samples/${sample}/golden.ndjson`, root), 'utf8')
      .trim()
      .split('\n');
    return lines.map((line) => JSON.parse(line));
  };

  it.each(['churn', 'breast-cancer'])('answers the golden rows of %s, batched and alone', async (sample) => {
    const name = `samples/${sample}/model`;
    const cases = goldenOf(sample);
    const signature = await signatureOf(name);
    const rows = cases.map((one) => one.input);
    const batched = await predict(name, signature, rows);
    for (const [i, { input, output }] of cases.entries()) {
      const [alone] = await predict(name, signature, [input]);
      for (const answer of [batched[i], alone]) {
        expect(answer?.['label']).toBe(output.label);
        const probabilities = Object.entries(answer?.['probabilities'] as Record<string, number>);
        expect(probabilities.map(([label]) => label)).toEqual(signature.classes);
        for (const [at, [, value]] of probabilities.entries())
          expect(value).toBeCloseTo(output.probabilities[at] ?? 0, 6);
      }
    }
  });

  it('gives the same bits again for the same row in a batch of the same size, whoever else is in it', async () => {
    const name = 'samples/breast-cancer/model';
    const signature = await signatureOf(name);
    const rows = goldenOf('breast-cancer').map((one) => one.input);
    for (const size of [1, 2, 7, 32]) {
      const batch = rows.slice(0, size);
      const answers = await predict(name, signature, batch);
      for (const [i, row] of batch.entries()) {
        const again = await predict(name, signature, Array(size).fill(row));
        expect(again[i]).toEqual(answers[i]);
      }
    }
  });

  it('gives the same bits wherever the numbers lay in the message', async () => {
    const signature = await signatureOf('image');
    const numbers = (count: number, from: number) => Array.from({ length: count }, (_, i) => Math.sin(from + i) / 3);
    const rows = Array.from({ length: 30 }, (_, row) =>
      Array.from({ length: 3 }, (_, c) => Array.from({ length: 4 }, (_, y) => numbers(4, row * 48 + c * 16 + y * 4))),
    );
    const together = await predict('image', signature, rows);
    for (const [i, row] of rows.entries()) expect(await predict('image', signature, [row])).toEqual([together[i]]);
  });

  it('gives back every element type as it came', async () => {
    const signature = await signatureOf('echo_types');
    const row = {
      in_float: 1.5,
      in_double: 0.1,
      in_float16: -0.25,
      in_int8: -128,
      in_int16: -32_768,
      in_int32: -2_147_483_648,
      in_int64: '-9223372036854775808',
      in_uint8: 255,
      in_uint16: 65_535,
      in_uint32: 4_294_967_295,
      in_uint64: '18446744073709551615',
      in_bool: true,
      in_string: 'Grüße, 世界 🌍',
    };
    const other = { ...row, in_float: null, in_int64: 7, in_bool: 0, in_string: '' };
    const [first, second] = await predict('echo_types', signature, [row, other]);
    const echoed = (answer: object | undefined) =>
      Object.fromEntries(Object.entries(answer ?? {}).map(([name, value]) => [name.replace('out_', 'in_'), value]));
    expect(echoed(first)).toEqual(row);
    expect(echoed(second)).toEqual({ ...other, in_float: 'NaN', in_bool: false });
  });

  it('takes rows of any shape', async () => {
    const linear = await signatureOf('linear', { features: ['a', 'b', 'c', 'd'] });
    expect(await predict('linear', linear, [{ a: 1, b: 1, c: 1, d: 1 }, [0, 0, 0, 1]])).toEqual([
      { y: 10.5 },
      { y: 4.5 },
    ]);
    const square = await signatureOf('linear_no_batch');
    expect(square.batched).toBe(false);
    expect(
      await predict('linear_no_batch', square, [
        {
          x: [
            [1, 0],
            [0, 1],
          ],
        },
      ]),
    ).toEqual([
      {
        y: [
          [1, 2],
          [3, 4],
        ],
      },
    ]);
    const sequence = await signatureOf('sequence');
    expect(await predict('sequence', sequence, [[1, 2, 3], { x: [4, 5, 6] }])).toEqual([{ mean: 2 }, { mean: 5 }]);
    const image = await signatureOf('image');
    const plane = (value: number) => Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => value));
    expect(await predict('image', image, [[plane(3), plane(3), plane(0)]])).toEqual([{ y: [2, 3] }]);
    const outputs = await signatureOf('two_outputs');
    const answers = await predict('two_outputs', outputs, [[1, -1, 0, 2]]);
    expect(JSON.parse(JSON.stringify(answers))).toEqual([
      {
        sum: 2,
        doubled: [2, -2, 0, 4],
        outer: [
          [1, -1, 0, 2],
          [-1, 1, 0, -2],
          [0, 0, 0, 0],
          [2, -2, 0, 4],
        ],
        largest: 3,
        positive: [true, false, false, true],
      },
    ]);
    const nan = await signatureOf('nan');
    expect(await predict('nan', nan, [[-1], [0], [1]])).toEqual([{ y: 'NaN' }, { y: '-Infinity' }, { y: 0 }]);
  });

  it.each([
    ['broken', 'not_onnx'],
    ['not_onnx', 'not_onnx'],
    ['external_data', 'external_data'],
    ['external_data_outside', 'external_data'],
    ['external_data_nested', 'external_data'],
    ['custom_domain', 'custom_domain'],
    ['future_opset', 'opset_too_new'],
    ['future_ir', 'ir_too_new'],
    ['crash_on_load', 'load_crashed'],
  ])('refuses %s as %s', async (name, code) => {
    expect(await runtime.inspect(pathOf(name))).toMatchObject({ ok: false, refusal: { code } });
  });

  it('derives no signature from maps, and says how to get rid of them', async () => {
    await expect(signatureOf('zipmap')).rejects.toThrow(/^zipmap_output: .*"zipmap": False/);
  });

  it('finds random operators wherever they are', async () => {
    for (const name of ['random', 'random_nested']) expect((await signatureOf(name)).replayable).toBe(false);
  });
});
