import { type FileHandle, open } from 'node:fs/promises';
import { failed } from './cli-failure.ts';
import { cursorOf } from './replay-source.ts';

/** More than the longest line: a record of 1 MiB, escaped in the worst way, and its head. */
const tailBytesMax = 8_388_608;
const newline = 10;

export interface ReplayFile {
  /** Cursor of the last whole line; undefined in a new file. */
  readonly cursor: string | undefined;
  write(text: string): Promise<void>;
  /** Durable when it resolves. */
  close(): Promise<void>;
}

/** Opens a file to append to. What a broken run left of a half-written line is cut off. */
export const openReplayFile = async (path: string): Promise<ReplayFile> => {
  const file = await open(path, 'a+').catch((error: unknown) => {
    throw failed(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, error);
  });
  const last = await lastLine(file, path);
  return {
    cursor: last === undefined ? undefined : cursorOf(last),
    write: (text) => file.appendFile(text),
    close: async () => {
      await file.sync();
      await file.close();
    },
  };
};

const lastLine = async (file: FileHandle, path: string): Promise<string | undefined> => {
  const { size } = await file.stat();
  const from = Math.max(0, size - tailBytesMax);
  const tail = Buffer.alloc(size - from);
  await file.read(tail, 0, tail.length, from);
  const end = tail.lastIndexOf(newline);
  if (end < 0 && from > 0) throw failed(`${path} does not end in lines of a replay.`);
  if (end + 1 < tail.length) await file.truncate(from + end + 1);
  if (end < 0) return undefined;
  const start = end === 0 ? 0 : tail.lastIndexOf(newline, end - 1) + 1;
  return tail.toString('utf8', start, end);
};
