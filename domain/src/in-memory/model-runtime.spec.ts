import { describe, expect, it } from 'vitest';
import { modelRuntimeContract } from '../contracts/model-runtime-contract.ts';
import type { ModelFile, Tensor } from '../ports.ts';
import { createInMemoryModelRuntime, SimulatedCrash, type TensorFunction } from './model-runtime.ts';

const output = (rows: number, value: (row: number) => number): Tensor[] => [
  { name: 'y', datatype: 'float32', shape: [rows, 1], data: Float32Array.from({ length: rows }, (_, i) => value(i)) },
];
const x = ([input]: readonly Tensor[], width: number): { rows: number; data: Float32Array } => {
  if (input?.shape[1] !== width) throw new Error(`x must have ${width} columns`);
  return { rows: input.shape[0] as number, data: input.data as Float32Array };
};
const linear: TensorFunction = (inputs) => {
  const { rows, data } = x(inputs, 4);
  return output(rows, (row) => [1, 2, 3, 4].reduce((sum, w, i) => sum + w * (data[row * 4 + i] as number), 0.5));
};
const crashesOnPositive: TensorFunction = (inputs) => {
  const { rows, data } = x(inputs, 1);
  if (data.some((value) => value > 0)) throw new SimulatedCrash('killed by SIGFPE');
  return output(rows, () => 1);
};
const hangsOnNegative: TensorFunction = (inputs) => {
  const { rows, data } = x(inputs, 1);
  return data.some((value) => value <= 0) ? new Promise(() => {}) : output(rows, (row) => data[row] as number);
};
const linearFile: ModelFile = {
  irVersion: 8,
  opset: { '': 17 },
  metadata: {},
  inputs: [{ name: 'x', kind: 'tensor', datatype: 'float32', shape: ['N', 4] }],
  outputs: [{ name: 'y', kind: 'tensor', datatype: 'float32', shape: ['N', 1] }],
  replayable: true,
};

modelRuntimeContract('the in-memory runtime', async () => {
  const runtime = createInMemoryModelRuntime();
  runtime.serve('linear', linear);
  runtime.serve('crashes', crashesOnPositive);
  runtime.serve('hangs', hangsOnNegative);
  runtime.serve('unloadable', linear);
  runtime.misbehave('unloadable', 'load_failed');
  runtime.offer('linear.onnx', linearFile);
  runtime.offer('broken.onnx', { code: 'not_onnx', detail: 'The file is no ONNX model.' });
  return {
    runtime,
    linear: 'linear',
    crashesOnPositive: 'crashes',
    hangsOnNegative: 'hangs',
    unloadable: 'unloadable',
    linearPath: 'linear.onnx',
    unloadablePath: 'broken.onnx',
  };
});

describe('the in-memory runtime', () => {
  it('misbehaves as told, until it is told otherwise', async () => {
    const runtime = createInMemoryModelRuntime();
    runtime.serve('model', () => []);
    const reason = async () => {
      const outcome = await runtime.run({ sha256: 'model' }, [], { timeoutMs: 5 });
      return outcome.ok ? 'ok' : outcome.reason;
    };
    const seen: string[] = [];
    for (const how of ['crash', 'hang', 'reject', undefined] as const) {
      runtime.misbehave('model', how);
      seen.push(await reason());
    }
    expect(seen).toEqual(['crashed', 'timed_out', 'rejected', 'ok']);
    expect(runtime.runs('model')).toBe(4);
  });
});
