import { endedDoc, predictionDoc } from '@hindcast/domain/contracts';
import { expect, it } from 'vitest';
import { noticesOf, readNotices } from './notices.ts';

const everything = () => true;
const readAll = (messages: ReturnType<typeof noticesOf>, awaited: (key: string) => boolean = everything) =>
  messages.flatMap(({ message }) => readNotices(message, awaited));

it('carries documents, several in a message, to those who wait for them', () => {
  const docs = Array.from({ length: 200 }, (_, i) => predictionDoc(`p-${i}\n"ü`, i));
  const messages = noticesOf(docs, 65_536);
  expect(messages.length).toBeLessThan(docs.length);
  const heard = readAll(messages).map(({ text }) => JSON.parse(text ?? ''));
  expect(heard.sort((a, b) => a.pos - b.pos)).toEqual(docs);
  expect(readAll(messages, (key) => key === 't/p-7\n"ü').map(({ key }) => key)).toEqual(['t/p-7\n"ü']);
});

it('keeps the order of the documents of one key, also over several messages', () => {
  const docs = Array.from({ length: 1_000 }, (_, i) => predictionDoc('same', i));
  const messages = noticesOf(docs, 65_536);
  expect(messages.length).toBeGreaterThan(1);
  expect(readAll(messages).map(({ text }) => JSON.parse(text ?? '').pos)).toEqual(docs.map(({ pos }) => pos));
});

it.each([
  ['a large document', [predictionDoc('a', 1), predictionDoc('b', 2)], 10],
  ['an ended document', [endedDoc('a', 1), endedDoc('b', 2)], 65_536],
])('names %s by its key alone', (_, docs, wholeCharactersMax) => {
  const notices = readAll(noticesOf(docs, wholeCharactersMax));
  expect(notices.map(({ key, text }) => [key, text]).sort()).toEqual([
    ['t/a', undefined],
    ['t/b', undefined],
  ]);
});

it.each(['', '\n', 'x', 'x\ny\n', '1\n{}\n', '"t/a"\n', '"t/a"'])('hears nothing in %j', (message) => {
  expect(readNotices(message, everything)).toEqual([]);
});
