import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { unreadable } from './read-input.ts';

/** Sent together: enough to be quick, few enough for progress to move. */
const partLinesMax = 1_000;
const partCharsMax = 1_048_576;

/** Lines of NDJSON that are sent together. The same part has the same key, whenever and however often it is sent. */
export interface UploadPart {
  readonly text: string;
  /** Where a line of it is in the file; both are counted from 1. */
  fileLine(line: number): number;
  readonly key: string;
}

/** One line to send, and the line of the file that it comes from, counted from 1. */
export interface UploadLine {
  readonly text: string;
  readonly line: number;
}

/** The lines of a file that is sent as it is. */
export async function* linesOf(source: Readable): AsyncGenerator<UploadLine> {
  let line = 0;
  for await (const text of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    yield { text, line };
  }
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
export async function* uploadParts(lines: AsyncIterable<UploadLine>, name: string): AsyncGenerator<UploadPart> {
  let text = '';
  let places: number[] = [];
  const part = (): UploadPart => {
    const of = places;
    return {
      text,
      fileLine: (line) => of[line - 1] ?? line,
      key: `${name}-${createHash('sha256').update(text).digest('hex')}`,
    };
  };
  for await (const one of lines) {
    text += `${one.text}\n`;
    places.push(one.line);
    if (places.length < partLinesMax && text.length < partCharsMax) continue;
    yield part();
    [text, places] = ['', []];
  }
  if (text !== '') yield part();
}
