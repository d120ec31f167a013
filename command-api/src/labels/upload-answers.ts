import { PassThrough, type Readable } from 'node:stream';
import { Problem, problemBody, toProblem } from '@hindcast/adapters/http';
import type { Logger } from '@hindcast/domain';
import { type LineLimits, labelLines, type ReadLine } from './label-lines.ts';
import type { LabelLine, LabelOutcome, LabelTaker } from './take-labels.ts';

/** The answer to one line, as a line of NDJSON. */
export const outcomeLine = (line: number, outcome: LabelOutcome): string => {
  const told =
    outcome instanceof Problem ? { line, status: 'refused', error: problemBody(outcome) } : { line, ...outcome };
  return `${JSON.stringify(told)}\n`;
};

/**
 * Reads an upload as fast as the log takes it, and answers each line. Most clients read nothing before they have sent
 * everything: so answers wait here and do not hold up the reading, at most one for each line that an upload may have.
 */
export const uploadAnswers = (
  body: Readable,
  taker: LabelTaker,
  limits: LineLimits,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Readable => {
  const answer = new PassThrough();
  const work = async (): Promise<void> => {
    for await (const lines of labelLines(body, limits)) {
      if (signal.aborted) throw new Error('The upload was broken off.');
      answer.write(await answerLines(lines, taker));
    }
    answer.end();
  };
  work().catch((error: unknown) => {
    if (!signal.aborted) logger.warn({ err: error }, 'An upload of labels broke off.');
    answer.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return answer;
};

const answerLines = async (read: readonly ReadLine[], taker: LabelTaker): Promise<string> => {
  const good = read.filter((one): one is LabelLine => !(one.label instanceof Problem));
  const outcomes = await taker.take(good).catch((error: unknown) => good.map(() => toProblem(error)));
  const byLine = new Map(good.map(({ line }, at) => [line, outcomes[at] as LabelOutcome]));
  return read
    .map(({ line, label }) => outcomeLine(line, label instanceof Problem ? label : (byLine.get(line) as LabelOutcome)))
    .join('');
};
