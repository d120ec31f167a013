import { Type } from '@sinclair/typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** What became of each request, in the order in which it is asked. */
export const ACCOUNTS = [
  'undecodable',
  'filtered',
  'unfinished',
  'failed',
  'canceled',
  'expired',
  'redacted',
  'unlabelled',
  'rows',
] as const;
export type Account = (typeof ACCOUNTS)[number];

export const accountedForSchema = Type.Object(
  {
    requests: count('Requests in the cut, of whatever model: of several under one id the first'),
    rows: count('Rows of the data set'),
    unlabelled: count('Succeeded, without a label that the policy takes'),
    failed: count('Ended without an output'),
    canceled: count('Canceled before they ended'),
    expired: count('Missed their deadline'),
    unfinished: count('Had not ended at the cut'),
    filtered: count('Of another model, version, role, tenant or time, or not in the sample'),
    redacted: count('Whose input is encrypted or erased'),
    undecodable: count('Records that say they are a request, and cannot be read'),
  },
  { description: '`requests` is the sum of all others; a cut where it is not fails' },
);
export type AccountedFor = Record<'requests' | Account, number>;

export const ignoredSchema = Type.Object(
  {
    repeatedRequests: count('Requests under an id that the log had a request of'),
    undecodableRecords: count('Records of other kinds that cannot be read'),
  },
  { description: 'Records that are no request of their own' },
);
export type IgnoredRecords = Record<'repeatedRequests' | 'undecodableRecords', number>;

export const noneAccounted = (): AccountedFor => ({
  requests: 0,
  rows: 0,
  unlabelled: 0,
  failed: 0,
  canceled: 0,
  expired: 0,
  unfinished: 0,
  filtered: 0,
  redacted: 0,
  undecodable: 0,
});

/** How many requests the table says nothing of; 0 where it sums. */
export const unaccounted = (table: AccountedFor): number =>
  table.requests - ACCOUNTS.reduce((sum, account) => sum + table[account], 0);
