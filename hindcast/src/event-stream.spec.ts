import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEventStream, readLines, type StreamMessage } from './event-stream.ts';

async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

const stream =
  ': hello\n\nid: 0:1:2\nevent: accepted\ndata: {"a":\ndata: "ü"}\n\ndata: plain\r\n\r\nid: 0:1:3\ndata: unfinished';
const messages: StreamMessage[] = [
  { id: '0:1:2', event: 'accepted', data: '{"a":\n"ü"}' },
  { id: '0:1:2', event: 'message', data: 'plain' },
];

describe('event streams', () => {
  it('are the same messages however the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (sizes) => {
        expect(await collect(readEventStream(cut(stream, sizes)))).toEqual(messages);
      }),
    ));

  it('drop a last line that was cut off', async () => {
    expect(await collect(readLines(cut('one\ntwo\nthr', [2])))).toEqual(['one', 'two']);
  });
});
