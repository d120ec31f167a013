import type { Datatype, ModelSignature } from './model-signature.ts';
import { compileInput } from './validate-input.ts';
import { elementChecks } from './validate-input-element.ts';
import { inputLayout } from './validate-input-layout.ts';

/**
 * How far the numbers of each further row lie from those of the example, in multiples of their size. Most models take
 * the first; the others go both ways, since there are models that take only one of them.
 */
const steps = [0.1, 1, -1, 3] as const;
/** Also takes other texts than the example has: many models know only some. */
const stepsWithTheTexts = 1;
const otherTexts = ['a', 'b', 'c'] as const;

type Random = () => number;

/**
 * The example and a few rows like it, in the example's own shape, so that all of them fit into one run. Each is valid and
 * unlike the others, but the model may refuse any but the first. The same seed gives the same rows.
 */
export const trialRows = (signature: ModelSignature, example: unknown, seed: number): readonly unknown[] => {
  const { features } = signature;
  const { formOf, valueIn } = inputLayout(signature);
  const faultsOf = compileInput(signature);
  const random = randomFrom(seed);
  const form = formOf(example);
  const rows = [example];
  const seen = new Set([JSON.stringify(features.map((_, index) => valueIn(example, form, index)))]);
  steps.forEach((step, at) => {
    const texts = at < stepsWithTheTexts ? [] : otherTexts;
    const values = features.map(({ datatype }, index) =>
      varied(valueIn(example, form, index), (element) => elementLike(element, datatype, step, texts, random)),
    );
    const row = Object.fromEntries(features.map(({ name }, index) => [name, values[index]]));
    const text = JSON.stringify(values);
    if (seen.has(text) || faultsOf(row).length > 0) return;
    seen.add(text);
    rows.push(row);
  });
  return rows;
};

/** What is missing stays missing: it is the shape of the example, too. */
const varied = (value: unknown, vary: (element: unknown) => unknown): unknown => {
  if (Array.isArray(value)) return value.map((part) => varied(part, vary));
  return value === null || value === undefined ? value : vary(value);
};

const elementLike = (
  element: unknown,
  datatype: Datatype,
  step: number,
  texts: readonly string[],
  random: Random,
): unknown => {
  const share = random();
  if (datatype === 'string') return texts[Math.floor(share * texts.length)] ?? element;
  if (datatype === 'bool') return share < 0.5;
  const fits = (value: unknown): boolean => elementChecks[datatype](value) === undefined;
  const candidates = datatype.startsWith('float')
    ? floatsLike(Number(element), step * (0.5 + share))
    : integersLike(BigInt(element as number | string | boolean), step, share);
  return candidates.find(fits) ?? element;
};

const floatsLike = (value: number, distance: number): readonly number[] => {
  const size = Math.max(1, Math.abs(value));
  return [value + distance * size, value - distance * size];
};

/** Integers are often codes of something: their neighbours are likely to be known, too. */
const integersLike = (value: bigint, step: number, share: number): readonly (number | string)[] => {
  const distance = BigInt(Math.sign(step) * (1 + Math.floor(share * Math.abs(step))));
  return [value + distance, value - distance].map((near) => {
    const number = Number(near);
    return Number.isSafeInteger(number) ? number : near.toString();
  });
};

/** Numbers from 0 to below 1 by the generator “mulberry32”, which is enough for numbers that only have to differ. */
const randomFrom = (seed: number): Random => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
