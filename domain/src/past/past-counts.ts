import { type Static, Type } from '@sinclair/typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });

/** What a stretch of the log held, of the predictions that were asked for. */
export const pastCountsSchema = Type.Object({
  records: count('Records that were read, of whatever kind'),
  requests: count('Predictions that were accepted in the stretch'),
  succeeded: count('Of those: with a result in the stretch'),
  failed: count('Of those: failed'),
  canceled: count('Of those: canceled'),
  expired: count('Of those: expired'),
  unfinished: count('Of those: without an end in the stretch, and repeats that came long after an end'),
  undecodable: count('Records that are no event'),
});
export type PastCounts = Static<typeof pastCountsSchema>;

export const noPast: PastCounts = {
  records: 0,
  requests: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
  expired: 0,
  unfinished: 0,
  undecodable: 0,
};

export const addCounts = (a: PastCounts, b: PastCounts): PastCounts => ({
  records: a.records + b.records,
  requests: a.requests + b.requests,
  succeeded: a.succeeded + b.succeeded,
  failed: a.failed + b.failed,
  canceled: a.canceled + b.canceled,
  expired: a.expired + b.expired,
  unfinished: a.unfinished + b.unfinished,
  undecodable: a.undecodable + b.undecodable,
});
