import { Value } from '@sinclair/typebox/value';
import { describe, expect, it } from 'vitest';
import { jobJsonBytesMax } from '../job-events.ts';
import {
  comparedText,
  countVerified,
  emptyVerification,
  examplesMax,
  groupsMax,
  isReproduced,
  ranNothing,
  VERIFICATION_REASONS,
  type VerificationReason,
  type Verified,
  verificationReportSchema,
} from './verification-report.ts';

const one = (version: number, more: Partial<Verified> = {}): Verified => ({
  of: { model: 'm'.repeat(64), version, sha256: 'a'.repeat(64), runtime: 'onnxruntime-node/1.30.0', threads: 1 },
  predictionId: 'p'.repeat(128),
  position: '999999999:999999999:999999999999999',
  verdict: 'exact',
  ...more,
});

describe('a report', () => {
  it('counts by version and by runtime', () => {
    const report = emptyVerification();
    countVerified(report, one(1, { again: 'test/2' }));
    countVerified(report, one(1, { inItsPlace: true, again: 'test/2' }));
    const other = { verdict: 'mismatch', reason: 'other_values', maxDifference: 0.5, flipped: true } as const;
    countVerified(report, one(2, other));
    expect(report).toMatchObject({ verified: 3, exact: 2, mismatch: 1, flipped: 1, reasons: { other_values: 1 } });
    expect(report.groups).toMatchObject([
      { version: 1, exact: 2, inItsPlace: 1 },
      { version: 2, mismatch: 1, maxDifference: 0.5 },
    ]);
    expect(report.examples).toMatchObject([{ verdict: 'mismatch', reason: 'other_values' }]);
    expect(report.again).toEqual(['test/2']);
    expect(isReproduced(report)).toBe(false);
    expect(isReproduced(emptyVerification())).toBe(true);
  });

  it('says when nothing could be compared that could have been', () => {
    const reportOf = (...reasons: readonly VerificationReason[]) => {
      const report = emptyVerification();
      for (const reason of reasons) countVerified(report, one(1, { verdict: 'not_verified', reason }));
      return report;
    };
    expect(ranNothing(emptyVerification())).toBe(false);
    expect(ranNothing(reportOf('imported', 'not_replayable'))).toBe(false);
    expect(ranNothing(reportOf('imported', 'run_failed'))).toBe(true);
    const partly = reportOf('run_failed');
    countVerified(partly, one(1, {}));
    expect(ranNothing(partly)).toBe(false);
  });

  it('names some of each kind, the worst first, however many of another kind came before', () => {
    const report = emptyVerification();
    const tell = (predictionId: string, verdict: Verified['verdict'], reason: VerificationReason) =>
      countVerified(report, one(1, { predictionId, verdict, reason }));
    for (let at = 0; at < 2_000; at++) tell(`old-${at}`, 'not_verified', 'imported');
    for (let at = 0; at < 1_000; at++) tell(`changed-${at}`, 'mismatch', 'model_changed');
    tell('flipped', 'decision_flip', 'other_values');
    const named = report.examples.map(({ predictionId }) => predictionId);
    const first = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}-${at}`);
    expect(named).toEqual([...first('changed', 6), 'flipped', ...first('old', 5)]);
  });

  it('names each kind that there can be', () => {
    const report = emptyVerification();
    const mismatches = ['other_values', 'model_changed', 'input_changed', 'output_changed', 'run_refused'] as const;
    const tell = (verdict: Verified['verdict'], reason: VerificationReason) => {
      for (let at = 0; at < 20; at++) countVerified(report, one(1, { verdict, reason }));
    };
    for (const reason of VERIFICATION_REASONS) {
      if (!(mismatches as readonly string[]).includes(reason)) tell('not_verified', reason);
    }
    tell('decision_flip', 'other_values');
    for (const reason of mismatches) tell('mismatch', reason);
    const kinds = report.examples.map(({ verdict, reason }) => `${verdict} ${reason}`);
    expect(new Set(kinds).size).toBe(VERIFICATION_REASONS.length + 1);
    expect(kinds[0]).toBe('mismatch other_values');
    expect(kinds.at(-1)).toBe('not_verified imported');
  });

  it('says in words how many were compared, and that the others were not run', () => {
    const counts = { verified: 3_000, exact: 900, not_verified: 2_000 };
    expect(comparedText(counts)).toBe('1000 compared, 100 of them not exact, 2000 not run');
    expect(comparedText({ ...counts, not_verified: 0 })).toBe('3000 compared, 2100 of them not exact');
  });

  it('fits into a job whatever there is to tell', () => {
    const report = emptyVerification();
    const detail = '"'.repeat(1_000);
    for (let version = 9_000_000; version < 9_000_000 + 4 * groupsMax; version++) {
      countVerified(report, one(version, { verdict: 'not_verified', reason: 'payload_missing', detail }));
    }
    expect(report.groups).toHaveLength(groupsMax + 1);
    expect(report.groups.at(-1)).toMatchObject({ model: 'others', not_verified: 3 * groupsMax });
    expect(report.examples).toHaveLength(examplesMax);
    expect(Value.Check(verificationReportSchema, report)).toBe(true);
    // What is left is for the place, and for counts with more digits.
    expect(JSON.stringify(report).length).toBeLessThan(jobJsonBytesMax - 2_000);
  });
});
