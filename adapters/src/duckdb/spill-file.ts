import { open } from 'node:fs/promises';

/** Bytes that are gathered before they are written. */
const chunkBytes = 1_048_576;
/** UTF-16 units that are put together before they become bytes: line by line, reading a log takes an eighth longer. */
const textUnits = 8_192;
const utf8BytesPerUnitMax = 3;

/** What a reader has to know of the lines of a file. */
export interface LineFacts {
  /** Of the longest line, in UTF-16 units. */
  readonly lineMax: number;
  /** Whether texts may stand as JSON, in quotes. */
  readonly hasQuoted: boolean;
}

export interface SpillFile {
  add(line: string, isQuoted: boolean): void;
  /** Whether it has to be flushed before more is added. */
  isFull(): boolean;
  /** Of what was added; what is not flushed yet is counted in UTF-16 units. */
  bytes(): number;
  flush(): Promise<void>;
  /** All that was added is in the file when it resolves. */
  finish(): Promise<LineFacts>;
  /** Resolves when it is there even after the machine has lost its power, and closed. */
  keep(): Promise<void>;
  close(): Promise<void>;
}

/** A file of lines that is written anew. */
export const openSpillFile = async (path: string): Promise<SpillFile> => {
  const handle = await open(path, 'w');
  let chunk = Buffer.allocUnsafe(chunkBytes);
  let filled = 0;
  let written = 0;
  let text = '';
  let lineMax = 0;
  let hasQuoted = false;
  const encode = async (): Promise<void> => {
    const bytesMax = text.length * utf8BytesPerUnitMax;
    if (filled + bytesMax > chunk.length) await write();
    if (bytesMax > chunk.length) chunk = Buffer.allocUnsafe(bytesMax);
    filled += chunk.write(text, filled);
    text = '';
  };
  const write = async (): Promise<void> => {
    await handle.writeFile(chunk.subarray(0, filled));
    written += filled;
    filled = 0;
  };
  return {
    add(line, isQuoted) {
      if (isQuoted) hasQuoted = true;
      lineMax = Math.max(lineMax, line.length);
      text += line;
    },
    isFull: () => text.length > textUnits,
    bytes: () => written + filled + text.length,
    flush: encode,
    async finish() {
      await encode();
      await write();
      return { lineMax, hasQuoted };
    },
    keep: () => handle.sync().finally(() => handle.close()),
    close: () => handle.close(),
  };
};
