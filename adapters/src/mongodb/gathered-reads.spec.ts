import { expect, it } from 'vitest';
import { gatheredReads } from './gathered-reads.ts';

const reading = (refuse = false) => {
  const loads: (readonly string[])[] = [];
  const read = gatheredReads(async (keys) => {
    loads.push(keys);
    if (refuse) throw new Error('down');
    return new Map(keys.filter((key) => key !== 'unknown').map((key) => [key, `doc ${key}`]));
  });
  return { loads, read };
};

it('reads at once what is asked for at once, each key one time', async () => {
  const { loads, read } = reading();
  const docs = await Promise.all(['a', 'b', 'a', 'unknown'].map(read));
  expect(docs).toEqual(['doc a', 'doc b', 'doc a', undefined]);
  expect(loads).toEqual([['a', 'b', 'unknown']]);
  expect(await read('a')).toBe('doc a');
  expect(loads).toHaveLength(2);
});

it('names at most 500 keys in a read', async () => {
  const { loads, read } = reading();
  const keys = Array.from({ length: 1_200 }, (_, i) => `k-${i}`);
  expect(await Promise.all(keys.map(read))).toEqual(keys.map((key) => `doc ${key}`));
  expect(loads.map(({ length }) => length)).toEqual([500, 500, 200]);
});

it('tells all who asked of a failure, and nobody who asks later', async () => {
  const { read } = reading(true);
  const asked = await Promise.allSettled(['a', 'a', 'b'].map(read));
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});
