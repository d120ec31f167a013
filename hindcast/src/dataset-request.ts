import { readFile } from 'node:fs/promises';
import type { DatasetRequest } from '@hindcast/domain';
import { usage } from './cli-failure.ts';
import { parseMoment, parseSpanMs } from './duration.ts';

export interface DatasetOptions {
  readonly spec?: string;
  readonly format?: string;
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly split?: string;
  readonly holdout?: string;
  readonly sample?: string;
  readonly unlabelled?: string;
  readonly maturity?: string;
  readonly redact?: readonly string[];
  readonly verified?: true;
}

/** Where in the request each of them stands. */
export const datasetPlaces: Readonly<Partial<Record<keyof DatasetOptions, string>>> = {
  format: '/format',
  from: '/from',
  to: '/to',
  since: '/since',
  until: '/until',
  holdout: '/split/holdout',
  split: '/split',
  sample: '/sample',
  unlabelled: '/labels/absent',
  maturity: '/labels/maturityMs',
  redact: '/redact',
};

/** What the options ask for, on top of what stands in a file. The server says what is wrong with it. */
export const datasetRequestOf = async (
  model: string,
  options: DatasetOptions,
  now: number,
): Promise<DatasetRequest> => {
  const base = options.spec === undefined ? {} : await specIn(options.spec);
  const { format, from, to, since, until, split, holdout, sample, unlabelled, maturity, redact, verified } = options;
  const labels = {
    ...base.labels,
    ...(unlabelled !== undefined && { absent: absentOf(unlabelled) }),
    ...(maturity !== undefined && { maturityMs: parseSpanMs(maturity) }),
  };
  return {
    ...base,
    model,
    ...(format !== undefined && { format: format as NonNullable<DatasetRequest['format']> }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(since !== undefined && { since: parseMoment(since, now) }),
    ...(until !== undefined && { until: parseMoment(until, now) }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...((split !== undefined || holdout !== undefined) && {
      split: {
        parts: [{ name: 'train', share: 1 }],
        ...base.split,
        ...(split !== undefined && { parts: partsOf(split) }),
        ...(holdout !== undefined && { holdout: holdoutOf(holdout, now) }),
      },
    }),
    ...(sample !== undefined && { sample: { ...base.sample, fraction: shareOf(sample) } }),
    ...(redact !== undefined && { redact: [...(base.redact ?? []), ...redact.map(redactionOf)] }),
    ...(verified && { verified }),
  };
};

const specIn = async (path: string): Promise<Partial<DatasetRequest>> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Partial<DatasetRequest>;
  } catch (error) {
    throw usage(`${path} is no JSON file that can be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** `drop`, `keep`, or a value and the time after which it is true, such as `no@90d`. */
const absentOf = (text: string): 'drop' | 'keep' | { afterMs: number; value: string | number | boolean } => {
  if (text === 'drop' || text === 'keep') return text;
  const at = text.lastIndexOf('@');
  if (at < 1) throw usage(`"${text}" is not drop, keep, or a value and a time such as no@90d.`);
  return { afterMs: parseSpanMs(text.slice(at + 1)), value: scalarOf(text.slice(0, at)) };
};

/** As JSON where it is a number or a boolean, else as it stands. */
const scalarOf = (text: string): string | number | boolean => {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
};

const shareOf = (text: string): number => {
  const match = /^(\d{1,3}(?:\.\d{1,12})?|\.\d{1,12})(%)?$/.exec(text);
  if (!match) throw usage(`"${text}" is no share; write it like 0.1 or 10%.`);
  return match[2] ? Number(match[1]) / 100 : Number(match[1]);
};

const partsOf = (text: string): { name: string; share: number }[] =>
  text.split(',').map((part) => {
    const [name = '', share, more] = part.split('=');
    if (share === undefined || more !== undefined)
      throw usage(`"${part}" is no split; write it like train=0.8,test=0.2.`);
    return { name, share: shareOf(share) };
  });

const holdoutOf = (text: string, now: number): { name: string; since: string } => {
  const at = text.indexOf('@');
  if (at < 1) throw usage(`"${text}" is no holdout; write it like late@2026-01-31T00:00:00Z or late@30d.`);
  return { name: text.slice(0, at), since: parseMoment(text.slice(at + 1), now) };
};

const redactionOf = (text: string): NonNullable<DatasetRequest['redact']>[number] => {
  const at = text.lastIndexOf('=');
  const [column, how] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && (how === 'drop' || how === 'hmac')) return { column, how };
  const bucket = /^bucket:(\d{1,9}(?:\.\d{1,9})?)$/.exec(how);
  if (at > 0 && bucket) return { column, how: 'bucket', width: Number(bucket[1]) };
  throw usage(`"${text}" is no redaction; write it like entity=hmac, input.name=drop or input.age=bucket:10.`);
};
