import { type Problem, parseStrictJson, problem, toProblem } from '@hindcast/adapters/http';

export interface LineLimits {
  readonly lineBytesMax: number;
  readonly uploadLinesMax: number;
  readonly uploadBytesMax: number;
}

/** A line of an upload, counted from 1. */
export interface UploadLine<T> {
  readonly line: number;
  readonly value: T;
}
/** A line, or why it is none. */
export type ReadLine<T> = UploadLine<T | Problem>;

const newline = 10;

/**
 * The lines of NDJSON as they come, each `checked`, those of one piece of the stream together. A line that is too long is refused and
 * passed over without being held; an upload that is too large ends with the line that says so.
 */
export async function* uploadLines<T>(
  bytes: AsyncIterable<Buffer>,
  checked: (json: unknown) => T,
  { lineBytesMax, uploadLinesMax, uploadBytesMax }: LineLimits,
): AsyncGenerator<readonly ReadLine<T>[]> {
  let line = 0;
  let total = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;

  const checkedLine = (text: Buffer): T | Problem => {
    try {
      return checked(parseStrictJson(text, { exactIntegers: true }));
    } catch (error) {
      return toProblem(error);
    }
  };
  const close = (): ReadLine<T> | undefined => {
    line += 1;
    const [text, length] = [Buffer.concat(rest), restBytes];
    rest = [];
    restBytes = 0;
    if (length > lineBytesMax) {
      return { line, value: problem('body-too-large', `A line may have at most ${lineBytesMax} bytes.`) };
    }
    const trimmed = text.at(-1) === 13 ? text.subarray(0, -1) : text;
    return trimmed.length === 0 ? undefined : { line, value: checkedLine(trimmed) };
  };
  const add = (part: Buffer): void => {
    restBytes += part.length;
    if (restBytes <= lineBytesMax) rest.push(part);
    else rest = [];
  };

  for await (const piece of bytes) {
    total += piece.length;
    const lines: ReadLine<T>[] = [];
    let begin = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, begin)) {
      add(piece.subarray(begin, end));
      const read = close();
      if (read) lines.push(read);
      begin = end + 1;
      if (line >= uploadLinesMax || total > uploadBytesMax) break;
    }
    if (total > uploadBytesMax || (line >= uploadLinesMax && begin < piece.length)) {
      yield [...lines, { line: line + 1, value: tooLarge(uploadLinesMax, uploadBytesMax) }];
      return;
    }
    add(piece.subarray(begin));
    if (lines.length > 0) yield lines;
  }
  if (restBytes === 0) return;
  const last = close();
  if (last) yield [last];
}

const tooLarge = (linesMax: number, bytesMax: number): Problem =>
  problem(
    'body-too-large',
    `An upload may have at most ${linesMax} lines and ${bytesMax} bytes: this line and those behind it were not read.`,
  );
