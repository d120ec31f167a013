import { type Problem, parseStrictJson, problem, toProblem } from '@hindcast/adapters/http';
import { checkedLabel, type LabelRequest } from './label-request.ts';

export interface LineLimits {
  readonly labelLineBytesMax: number;
  readonly labelLinesMax: number;
  readonly labelUploadBytesMax: number;
}

/** A line of the upload, or why it is none. */
export interface ReadLine {
  readonly line: number;
  readonly label: LabelRequest | Problem;
}

const newline = 10;

/**
 * The lines of NDJSON as they come, those of one piece of the stream together. A line that is too long is refused and
 * passed over without being held; an upload that is too large ends with the line that says so.
 */
export async function* labelLines(
  bytes: AsyncIterable<Buffer>,
  { labelLineBytesMax, labelLinesMax, labelUploadBytesMax }: LineLimits,
): AsyncGenerator<readonly ReadLine[]> {
  let line = 0;
  let total = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;

  const close = (): ReadLine | undefined => {
    line += 1;
    const [text, length] = [Buffer.concat(rest), restBytes];
    rest = [];
    restBytes = 0;
    if (length > labelLineBytesMax) {
      return { line, label: problem('body-too-large', `A line may have at most ${labelLineBytesMax} bytes.`) };
    }
    const trimmed = text.at(-1) === 13 ? text.subarray(0, -1) : text;
    return trimmed.length === 0 ? undefined : { line, label: labelOf(trimmed) };
  };
  const add = (part: Buffer): void => {
    restBytes += part.length;
    if (restBytes <= labelLineBytesMax) rest.push(part);
    else rest = [];
  };

  for await (const piece of bytes) {
    total += piece.length;
    const lines: ReadLine[] = [];
    let begin = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, begin)) {
      add(piece.subarray(begin, end));
      const read = close();
      if (read) lines.push(read);
      begin = end + 1;
      if (line >= labelLinesMax || total > labelUploadBytesMax) break;
    }
    if (total > labelUploadBytesMax || (line >= labelLinesMax && begin < piece.length)) {
      yield [...lines, { line: line + 1, label: tooLarge(labelLinesMax, labelUploadBytesMax) }];
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

const labelOf = (text: Buffer): LabelRequest | Problem => {
  try {
    return checkedLabel(parseStrictJson(text));
  } catch (error) {
    return toProblem(error);
  }
};
