import { nodeIdentity } from '@hindcast/adapters/node';
import type { ModelFile, Tensor } from '@hindcast/domain';
import { SimulatedCrash, type TensorFunction } from '@hindcast/domain/in-memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld();
});
afterEach(() => world.close());

const modelFile: ModelFile = {
  irVersion: 8,
  opset: { '': 17 },
  metadata: {},
  inputs: [{ name: 'x', kind: 'tensor', datatype: 'float32', shape: ['N', 1] }],
  outputs: [{ name: 'y', kind: 'tensor', datatype: 'float32', shape: ['N', 1] }],
  replayable: true,
};
/** A model that makes as many numbers of as many. */
const floats =
  (answers: (values: readonly number[]) => readonly number[] | Promise<readonly number[]>): TensorFunction =>
  async ([x]): Promise<Tensor[]> => {
    const data = Float32Array.from(await answers(Array.from(x?.data as Float32Array)));
    return [{ name: 'y', datatype: 'float32', shape: [data.length, 1], data }];
  };
const lessTheMean = floats((values) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
});
const doubled = (values: readonly number[]) => values.map((value) => value * 2);

const metadata = JSON.stringify({ example: { x: 1 } });
const register = (model: TensorFunction, { query = '', file = modelFile, content = 'file' } = {}) => {
  const sha256 = nodeIdentity.sha256(content);
  world.runtime.offer(sha256, file);
  world.runtime.serve(sha256, model);
  return world.app.inject({
    method: 'POST',
    url: `/v1/models/tried/versions?metadata=${encodeURIComponent(metadata)}${query}`,
    payload: Buffer.from(content),
    headers: { 'content-type': 'application/octet-stream' },
  });
};
const never = new Promise<never>(() => {});

describe('the trial of a version', () => {
  it('finds rows that change the answers of each other, and has one at a time run', async () => {
    const answer = await register(lessTheMean);
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({
      settings: { batchMax: 1 },
      warnings: [{ code: 'rows_not_independent', detail: expect.stringMatching(/is 0 alone and .* batchMax is 1/) }],
    });
    expect(world.ports.catalog.get('default', 'tried')?.versions[0]?.warnings).toHaveLength(1);
    const again = await register(lessTheMean);
    expect([again.statusCode, again.json().version, again.json().warnings]).toEqual([200, 1, answer.json().warnings]);
  });

  it('has nothing to say of rows that are answered as if they were alone', async () => {
    const answer = await register(floats(doubled), { query: '&batchMax=8' });
    expect(answer.json().settings.batchMax).toBe(8);
    expect(answer.json()).not.toHaveProperty('warnings');
  });

  it.each([
    [
      'dies of some rows',
      floats((values) => {
        if (values.some((value) => value <= 0)) throw new SimulatedCrash('It died.');
        return doubled(values);
      }),
    ],
    [
      'refuses all rows but the example',
      floats((values) => {
        if (values.some((value) => value !== 1)) throw new Error('What is that?');
        return doubled(values);
      }),
    ],
    ['takes for ever on some rows', floats((values) => (values.some((value) => value <= 0) ? never : doubled(values)))],
  ])('does not blame a model that %s', async (_what, model) => {
    const answer = await register(model, { query: '&batchMax=8&timeoutMs=40' });
    expect([answer.statusCode, answer.json().settings.batchMax]).toEqual([201, 8]);
  });

  it('finds a mixture also where some rows are refused', async () => {
    const answer = await register(
      floats(async (values) => {
        if (values.some((value) => value <= 0)) throw new Error('No.');
        return values.map((value) => value / values.length);
      }),
    );
    expect(answer.json().settings.batchMax).toBe(1);
  });

  it('takes a model that fails on several rows for one that takes one', async () => {
    const answer = await register(
      floats((values) => {
        if (values.length > 1) throw new Error('Reshape to {1,1}.');
        return doubled(values);
      }),
    );
    expect(answer.json()).toMatchObject({
      settings: { batchMax: 1 },
      warnings: [{ detail: expect.stringContaining('Reshape to {1,1}.') }],
    });
    const short = await register(
      floats((values) => values.slice(0, 1)),
      { content: 'other' },
    );
    expect(short.json()).toMatchObject({
      warnings: [{ detail: expect.stringContaining('must be the number of rows') }],
    });
  });

  it('compares nothing where one row is run anyway, or where answers are drawn by lot', async () => {
    expect((await register(lessTheMean, { query: '&batchMax=1' })).json()).not.toHaveProperty('warnings');
    const drawn = await register(lessTheMean, { file: { ...modelFile, replayable: false } });
    expect(drawn.json().settings.batchMax).toBeGreaterThan(1);
  });
});
