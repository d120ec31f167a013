import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { unreadable } from './read-input.ts';

/** Sent together: enough to be quick, few enough for progress to move. */
const partLinesMax = 1_000;
const partCharsMax = 1_048_576;

/** Lines of NDJSON that are sent together. The same part has the same key, whenever and however often it is sent. */
export interface UploadPart {
  readonly text: string;
  /** Number of its first line in the file, counted from 1. */
  readonly firstLine: number;
  readonly key: string;
}

/** A file, or stdin as `-`, whose size is not known. */
export interface UploadSource {
  readonly stream: Readable;
  /** How much of it was read, where that can be told: ` (40 %)`. */
  share(): string;
}

export const openUpload = async (path: string, stdin: Readable): Promise<UploadSource> => {
  const bytes = path === '-' ? undefined : await sizeOf(path);
  let bytesRead = 0;
  const stream = path === '-' ? stdin : createReadStream(path);
  stream.on('data', (chunk: Buffer | string) => {
    bytesRead += chunk.length;
  });
  stream.pause();
  return { stream, share: () => (bytes ? ` (${Math.round((bytesRead / bytes) * 100)} %)` : '') };
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    return found.size;
  } catch (error) {
    throw unreadable(path, error);
  }
};

/** `name` begins the keys. */
export async function* uploadParts(lines: AsyncIterable<string>, name: string): AsyncGenerator<UploadPart> {
  let text = '';
  let [line, firstLine, count] = [0, 1, 0];
  const part = (): UploadPart => ({
    ...{ text, firstLine },
    key: `${name}-${createHash('sha256').update(text).digest('hex')}`,
  });
  for await (const one of lines) {
    line += 1;
    text += `${one}\n`;
    count += 1;
    if (count < partLinesMax && text.length < partCharsMax) continue;
    yield part();
    [text, firstLine, count] = ['', line + 1, 0];
  }
  if (text !== '') yield part();
}
