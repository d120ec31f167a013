import type { Command } from 'commander';
import { usage } from '../cli-failure.ts';
import { parseMoment } from '../duration.ts';

/** What commands on the past have in common. */
export interface PastOptions {
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly sample?: string;
  readonly salt?: string;
  readonly rate?: string;
  readonly wait: boolean;
}

export const withPastOptions = (target: Command): Command =>
  target
    .option('--from <positions>', 'positions (epoch:partition:offset, …) to begin at; default: the start of the log')
    .option('--to <positions>', 'positions to end before, of every partition; default: the present end of the log')
    .option(
      '--since <time>',
      'what the log stored at or after this time, or this long ago: imports were stored when they were imported',
    )
    .option('--until <time>', 'what the log stored before this time, or this long ago')
    .option('--sample <share>', 'only this share of the predictions, such as 1%')
    .option('--salt <text>', 'another salt is another sample')
    .option('--rate <rows>', 'run no more than so many rows in a second; a server: 5000')
    .option('--no-wait', 'begin it, print its id and go');

/** A share: `1%`, or `0.01`. */
const shareOf = (text: string): number => {
  const match = /^(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})(%?)$/.exec(text);
  const share = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (!(share > 0 && share <= 1)) throw usage(`"${text}" is no share; write it like 1% or 0.01.`);
  return share;
};

const rateOf = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw usage(`"${text}" is no rate; write rows per second, such as 2000.`);
  return Number(text);
};

/** The part of the request that the options stand for. */
export const pastBody = ({ from, to, since, until, sample, salt, rate }: PastOptions, now: number): object => ({
  ...(from === undefined ? undefined : { from }),
  ...(to === undefined ? undefined : { to }),
  ...(since === undefined ? undefined : { since: parseMoment(since, now) }),
  ...(until === undefined ? undefined : { until: parseMoment(until, now) }),
  ...(sample === undefined ? undefined : { sample: { share: shareOf(sample), salt: salt ?? '' } }),
  ...(rate === undefined ? undefined : { rowsPerSecondMax: rateOf(rate) }),
});
