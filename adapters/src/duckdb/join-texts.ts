import type { ExtractedFile } from '@hindcast/domain';

async function* without(content: AsyncIterable<Uint8Array>, head: number): AsyncIterable<Uint8Array> {
  let left = head;
  for await (const chunk of content) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** Files of text as one. Each begins with the same header of so many bytes, which stays once. */
export const joinTexts = (files: readonly ExtractedFile[], headerBytes: number): readonly ExtractedFile[] => {
  const [first] = files;
  if (!first) return [];
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  async function* content(): AsyncIterable<Uint8Array> {
    for (const file of files) yield* without(file.content(), file === first ? 0 : headerBytes);
  }
  const name = first.name.replace(/part-\d+/, 'part-00000');
  return [{ ...first, name, rows, content }];
};
