import { expect, it } from 'vitest';
import { createGrowingList } from './growing-list.ts';

const readAll = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const read: T[] = [];
  for await (const item of items) read.push(item);
  return read;
};

it('is read whole by each reader, however far it has grown', async () => {
  const list = createGrowingList<string>();
  const read: string[] = [];
  const reading = (async () => {
    for await (const item of list.all()) read.push(item);
  })();
  list.add('a');
  await expect.poll(() => read).toEqual(['a']);
  list.add('b');
  list.add('c');
  list.end();
  await reading;
  expect(read).toEqual(['a', 'b', 'c']);
  expect(await readAll(list.all())).toEqual(['a', 'b', 'c']);
});

it('fails its readers behind what is there, also those that begin later', async () => {
  const list = createGrowingList<string>();
  const first = list.all();
  const waiting = first.next();
  list.add('a');
  expect(await waiting).toEqual({ value: 'a', done: false });
  const behind = first.next();
  list.fail(new Error('broken'));
  await expect(behind).rejects.toThrow('broken');
  const later = list.all();
  expect(await later.next()).toEqual({ value: 'a', done: false });
  await expect(later.next()).rejects.toThrow('broken');
});
