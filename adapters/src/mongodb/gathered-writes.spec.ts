import { describe, expect, it } from 'vitest';
import { gatheredWrites } from './gathered-writes.ts';

/** Sends that end when they are told to. */
const heldBack = () => {
  const sent: (readonly string[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  return {
    sent,
    send: (asks: readonly string[]) => {
      sent.push(asks);
      return new Promise<readonly string[]>((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve(asks.map((ask) => ask.toUpperCase()))));
      });
    },
    async end(error?: Error) {
      while (ends.length === 0) await new Promise(setImmediate);
      ends.shift()?.(error);
    },
  };
};

describe('writes that go out together', () => {
  it('are those of one turn, then those that came meanwhile, each with its own answer', async () => {
    const { send, sent, end } = heldBack();
    const ask = gatheredWrites(send, 10);
    const first = [ask('a'), ask('b')];
    await new Promise(setImmediate);
    const second = [ask('c'), ask('d'), ask('e')];
    await end();
    expect(await Promise.all(first)).toEqual(['A', 'B']);
    await end();
    expect(await Promise.all(second)).toEqual(['C', 'D', 'E']);
    expect(sent).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
  });

  it('are no more than may go together, and keep their order', async () => {
    const sent: (readonly string[])[] = [];
    const ask = gatheredWrites(async (asks: readonly string[]) => {
      sent.push(asks);
      return asks;
    }, 2);
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(ask));
    expect(sent).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('fail alone: one that cannot be stored stops no other', async () => {
    const ask = gatheredWrites(async (asks: readonly string[]) => {
      if (asks.includes('bad')) throw new Error('It cannot be stored.');
      return asks;
    }, 10);
    const answers = await Promise.allSettled(['a', 'bad', 'b'].map(ask));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await ask('c')).toBe('c');
  });
});
