import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../ports.ts';
import { DATATYPES, type Datatype, type Feature, type ModelSignature } from './model-signature.ts';
import { compileBatch } from './rows-to-tensors.ts';
import { float16Bits, float16Value } from './tensor-data.ts';
import { rowOutputs } from './tensors-to-output.ts';
import { validateInput } from './validate-input.ts';

const float16s = fc.integer({ min: 0, max: 0xffff }).map(float16Value).filter(Number.isFinite);
const integers = (min: number, max: number) => fc.integer({ min, max });
const bigText = (min: bigint, max: bigint) =>
  fc.bigInt({ min, max }).map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()));

/** Elements as a client sends them and as an answer shows them: the same text. */
const elements: Readonly<Record<Datatype, fc.Arbitrary<unknown>>> = {
  float32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  float64: fc.double({ noNaN: true, noDefaultInfinity: true }),
  float16: float16s,
  int8: integers(-128, 127),
  int16: integers(-32_768, 32_767),
  int32: integers(-(2 ** 31), 2 ** 31 - 1),
  int64: bigText(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: integers(0, 255),
  uint16: integers(0, 65_535),
  uint32: integers(0, 2 ** 32 - 1),
  uint64: bigText(0n, 2n ** 64n - 1n),
  bool: fc.boolean(),
  string: fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
};

const nestedOf = (datatype: Datatype, shape: readonly number[]): fc.Arbitrary<unknown> => {
  const [size, ...rest] = shape;
  if (size === undefined) return elements[datatype];
  return fc.array(nestedOf(datatype, rest), { minLength: size, maxLength: size });
};

const shapes: readonly (readonly number[])[] = [[], [2], [1], [3, 1, 2]];

const signatureOf = (kinds: readonly (readonly [Datatype, readonly number[]])[]): ModelSignature => {
  const features = kinds.map(
    ([datatype, shape], i): Feature => ({
      name: `n${i}`,
      input: `n${i}`,
      datatype,
      shape: [...shape],
      missing: 'refuse',
    }),
  );
  const specs = features.map(({ name, datatype, shape }) => ({ name, datatype, shape: [null, ...shape] }));
  return { batched: true, inputs: specs, outputs: specs, features, replayable: true };
};
const kinds = fc.array(fc.tuple(fc.constantFrom(...DATATYPES), fc.constantFrom(...shapes)), {
  minLength: 1,
  maxLength: 5,
});
/** A model and rows for it. */
const batches = kinds.chain((kinds) =>
  fc.tuple(
    fc.constant(signatureOf(kinds)),
    fc.array(fc.tuple(...kinds.map(([datatype, shape]) => nestedOf(datatype, shape))), { minLength: 1, maxLength: 6 }),
  ),
);

/** The answers of a model that gives its inputs back. */
const echoed = (signature: ModelSignature, inputs: readonly unknown[]) => {
  const answers = rowOutputs(signature, compileBatch(signature).encode(inputs), inputs.length);
  if (!answers.ok) throw new Error(answers.detail);
  return answers.rows;
};
const named = (row: readonly unknown[], signature: ModelSignature) =>
  Object.fromEntries(signature.features.map(({ name }, i) => [name, row[i]]));

describe('rows and tensors', () => {
  it('give every element back as it came: the round trip of every type', () => {
    fc.assert(
      fc.property(batches, ([signature, rows]) => {
        for (const row of rows) expect(validateInput(signature, named(row, signature))).toEqual([]);
        const squeezed = rows.map((row) =>
          Object.fromEntries(
            signature.features.map(({ name, shape }, i) => [
              name,
              shape.length === 1 && shape[0] === 1 ? (row[i] as unknown[])[0] : row[i],
            ]),
          ),
        );
        expect(
          echoed(
            signature,
            rows.map((row) => named(row, signature)),
          ),
        ).toEqual(squeezed);
      }),
    );
  });

  it('give each row the same answer in a batch as alone, by name as by position', () => {
    fc.assert(
      fc.property(batches, ([signature, rows]) => {
        const inputs = rows.map((row, i) => (i % 2 === 0 || row.length === 1 ? named(row, signature) : row));
        const together = echoed(signature, inputs);
        expect(together).toEqual(inputs.flatMap((input) => echoed(signature, [input])));
      }),
    );
  });

  it('knows every half-precision number', () => {
    for (let bits = 0; bits <= 0xffff; bits++) {
      const value = float16Value(bits);
      if (Number.isNaN(value)) expect(float16Bits(value)).toBe(0x7e00);
      else expect(float16Bits(value)).toBe(bits);
    }
    const halfway = 1 + 2 ** -11;
    expect(float16Value(float16Bits(halfway))).toBe(1);
    expect(float16Value(float16Bits(halfway + 2 ** -20))).toBe(1 + 2 ** -10);
    expect(float16Value(float16Bits(65_519))).toBe(65_504);
  });

  it('fills the columns of a single matrix, NaN and defaults where values are missing', () => {
    const columns = ['a', 'b', 'c'].map(
      (name, column): Feature => ({
        name,
        input: 'x',
        datatype: 'float32',
        shape: [],
        column,
        missing: name === 'c' ? 'default' : 'nan',
        ...(name === 'c' ? { default: 9 } : undefined),
      }),
    );
    const spec = { name: 'x', datatype: 'float32', shape: [null, 3] } as const;
    const signature = {
      batched: true,
      inputs: [{ ...spec, shape: [...spec.shape] }],
      outputs: [],
      features: columns,
      replayable: true,
    };
    const [x] = compileBatch(signature).encode([{ a: 1, b: true }, [null, 5, null]]);
    expect(x).toEqual({ ...spec, shape: [2, 3], data: Float32Array.of(1, 1, 9, Number.NaN, 5, 9) });
  });

  it('lets only rows of one size share a batch where a dimension is open', () => {
    const signature = signatureOf([['float32', []]]);
    const open: ModelSignature = {
      ...signature,
      features: [{ name: 's', input: 's', datatype: 'int32', shape: [null, 2], missing: 'refuse' }],
      inputs: [{ name: 's', datatype: 'int32', shape: [null, null, 2] }],
    };
    const { shapeKey, encode } = compileBatch(open);
    expect(compileBatch(signature).shapeKey({ n0: 1 })).toBe('');
    expect(shapeKey({ s: [[1, 2]] })).toBe(shapeKey([[3, 4]]));
    expect(shapeKey({ s: [[1, 2]] })).not.toBe(
      shapeKey({
        s: [
          [1, 2],
          [3, 4],
        ],
      }),
    );
    expect(shapeKey({ s: [] })).not.toBe(shapeKey({ s: [[1, 2]] }));
    expect(
      encode([
        {
          s: [
            [1, 2],
            [3, 4],
          ],
        },
        [
          [5, 6],
          [7, 8],
        ],
      ])[0],
    ).toMatchObject({ shape: [2, 2, 2] });
  });
});

describe('rowOutputs', () => {
  const model = (more: Partial<ModelSignature>): ModelSignature => ({ ...signatureOf([['float32', []]]), ...more });
  const y = (shape: number[], ...data: number[]): Tensor => ({
    name: 'y',
    datatype: 'float32',
    shape,
    data: Float32Array.from(data),
  });

  it('names probabilities by class, and decides by the last one', () => {
    const signature = model({ classes: ['no', 'yes'], threshold: 0.5 });
    expect(rowOutputs(signature, [y([2, 2], 0.75, 0.25, 0.5, 0.5)], 2)).toEqual({
      ok: true,
      rows: [
        { y: { no: 0.75, yes: 0.25 }, decision: false },
        { y: { no: 0.5, yes: 0.5 }, decision: true },
      ],
    });
    const [row] = echoed(model({ classes: ['a', 'b', 'c'] }), [{ n0: 1 }]);
    expect(row).toEqual({ n0: 1 });
  });

  it('writes what JSON has no number for as words, and the exact double of a float32', () => {
    const { NaN: nan, POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down } = Number;
    const answers = rowOutputs(model({}), [y([1, 4], nan, up, down, 0.1)], 1);
    expect(answers).toEqual({ ok: true, rows: [{ y: ['NaN', 'Infinity', '-Infinity', 0.10000000149011612] }] });
  });

  it('refuses tensors that do not fit the rows', () => {
    expect(rowOutputs(model({}), [y([2, 1], 1, 2)], 3)).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/rows, 3/),
    });
    expect(rowOutputs(model({}), [y([], 1)], 1)).toMatchObject({ ok: false });
    expect(rowOutputs(model({}), [y([1, 3], 1, 2)], 1)).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/2 elements/),
    });
  });

  it('gives the whole tensor set where there is no batch dimension', () => {
    const signature = model({ batched: false });
    expect(rowOutputs(signature, [y([2, 2], 1, 2, 3, 4)], 1)).toEqual({
      ok: true,
      rows: [
        {
          y: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    });
    expect(rowOutputs(signature, [y([], 5)], 1)).toEqual({ ok: true, rows: [{ y: 5 }] });
    expect(rowOutputs(signature, [y([4_000_000_000, 0])], 1)).toEqual({ ok: true, rows: [{ y: [] }] });
  });
});
