import { PassThrough, type Readable } from 'node:stream';
import { Problem, problemBody, toProblem } from '@hindcast/adapters/http';
import type { Logger } from '@hindcast/domain';
import type { ReadLine, UploadLine } from './upload-lines.ts';

/** What became of each line that is given, in their order. Lines that are given together are appended together. */
export type TakeLines<T> = (lines: readonly UploadLine<T>[]) => Promise<readonly (object | Problem)[]>;

/** The answer to one line, as a line of NDJSON. */
const outcomeLine = (line: number, outcome: object | Problem): string => {
  const told =
    outcome instanceof Problem ? { line, status: 'refused', error: problemBody(outcome) } : { line, ...outcome };
  return `${JSON.stringify(told)}\n`;
};

/**
 * Reads an upload as fast as the log takes it, and answers each line. Most clients read nothing before they have sent
 * everything: so answers wait here and do not hold up the reading, at most one for each line that an upload may have.
 */
export const uploadAnswers = <T>(
  lines: AsyncIterable<readonly ReadLine<T>[]>,
  take: TakeLines<T>,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Readable => {
  const answer = new PassThrough();
  const work = async (): Promise<void> => {
    for await (const read of lines) {
      if (signal.aborted) throw new Error('The upload was broken off.');
      answer.write(await answerLines(read, take));
    }
    answer.end();
  };
  work().catch((error: unknown) => {
    if (!signal.aborted) logger.warn({ err: error }, 'An upload broke off.');
    answer.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return answer;
};

const answerLines = async <T>(read: readonly ReadLine<T>[], take: TakeLines<T>): Promise<string> => {
  const good = read.filter((one): one is UploadLine<T> => !(one.value instanceof Problem));
  const outcomes = await take(good).catch((error: unknown) => good.map(() => toProblem(error)));
  const byLine = new Map(good.map(({ line }, at) => [line, outcomes[at] as object | Problem]));
  return read
    .map(({ line, value }) => outcomeLine(line, value instanceof Problem ? value : (byLine.get(line) as object)))
    .join('');
};
