import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { denseModel, denseRows } from './dense-model.ts';

it('writes models that onnxruntime runs, of about four bytes for each weight', async () => {
  const file = denseModel(128);
  expect(file.length).toBeGreaterThan(4 * 128 ** 2);
  expect(file.length).toBeLessThan(4 * 128 * (128 + 16 + 2) + 1_000);
  const session = await InferenceSession.create(file);
  const [columns, rows] = [denseRows[0]?.length ?? 0, denseRows.length];
  const x = new Tensor('float32', Float32Array.from(denseRows.flat()), [rows, columns]);
  const { y } = await session.run({ x });
  expect(y?.dims).toEqual([rows, 2]);
  const first = Array.from((y?.data ?? []) as Float32Array).slice(0, 4);
  expect(new Set(first).size).toBe(4);
});
