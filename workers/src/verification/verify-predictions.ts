import {
  compareOutputs,
  formatPosition,
  type ModelVersion,
  type PastPrediction,
  type VerificationTimings,
  type Verified,
} from '@hindcast/domain';
import { type Payloads, payloadsOf } from '../past/past-payloads.ts';
import type { PastPorts } from '../past/past-ports.ts';
import type { RanAgain, RunsAgain } from '../past/run-again.ts';

type Provenance = NonNullable<PastPrediction['result']['data']['provenance']>;

/** A prediction that can be run again. */
interface Prepared {
  readonly provenance: Provenance;
  readonly version: ModelVersion;
  readonly input: unknown;
  readonly output: unknown;
  /** As JSON, as its hash was made of. */
  readonly outputText: string;
}
type Judged = Omit<Verified, 'of' | 'predictionId' | 'position'>;

export interface VerifyOptions {
  readonly epoch: number;
  readonly runs: RunsAgain;
  readonly timings: VerificationTimings;
  readonly each: (verified: Verified) => void;
}

/**
 * Runs past predictions again and says of each how it compares, in their order. Rows are run together first, as it suits;
 * those whose bits differ are run again in a run of the recorded size, at the recorded place.
 */
export const createVerifier = (ports: PastPorts, { epoch, runs, timings, each }: VerifyOptions) => {
  const { catalog, artifacts, identity, clock } = ports;
  /** Digests are computed once for each verification: a file is not looked at again for every row. */
  const digests = new Map<string, string | undefined>();

  /** A promise only where a file or a payload has to be looked at: nothing is fetched for what cannot be run. */
  const prepare = (past: PastPrediction): Prepared | Judged | Promise<Prepared | Judged> => {
    const { model, version: number, sha256 } = past.request.data;
    const { provenance } = past.result.data;
    if (!provenance) return notVerified('imported');
    const version = catalog.version(past.request.tenant, model, number);
    if (version?.sha256 !== sha256 || sha256 !== provenance.sha256) return notVerified('version_unknown');
    if (!version.signature.replayable) return notVerified('not_replayable');
    if (!digests.has(sha256)) {
      return ports.fileDigest(sha256).then((found) => {
        digests.set(sha256, found);
        return prepare(past);
      });
    }
    const digest = digests.get(sha256);
    if (digest === undefined) return notVerified('model_missing');
    if (digest !== sha256) return { verdict: 'mismatch', reason: 'model_changed', detail: `It is ${digest} now.` };
    const payloads = payloadsOf(artifacts, past);
    return payloads instanceof Promise
      ? payloads.then((found) => asRecorded(provenance, version, found))
      : asRecorded(provenance, version, payloads);
  };

  const asRecorded = (provenance: Provenance, version: ModelVersion, payloads: Payloads): Prepared | Judged => {
    if (!payloads.ok) return notVerified('payload_missing', payloads.detail);
    const { input, output } = payloads;
    const begun = clock();
    const outputText = textOf(output);
    const isInput = identity.sha256(textOf(input)) === provenance.inputHash;
    const isOutput = identity.sha256(outputText) === provenance.outputHash;
    timings.compareMs += clock() - begun;
    if (!isInput) return { verdict: 'mismatch', reason: 'input_changed' };
    if (!isOutput) return { verdict: 'mismatch', reason: 'output_changed' };
    return { provenance, version, input, output, outputText };
  };

  const judge = ({ version, output }: Prepared, again: RanAgain): Judged => {
    if (!again.ok) {
      const verdict = again.reason === 'run_refused' ? 'mismatch' : 'not_verified';
      return { verdict, reason: again.reason, detail: again.detail };
    }
    const likeness = compareOutputs(version.signature, output, again.output);
    if (likeness.verdict === 'within_tolerance') return { ...likeness, again: again.runtime };
    return { ...likeness, reason: 'other_values', again: again.runtime };
  };

  const runGroup = async (version: ModelVersion, rows: readonly Prepared[]): Promise<readonly Judged[]> => {
    const first = await runs.together(
      version,
      rows.map(({ input }) => input),
    );
    const compared = clock();
    const unlike = rows.flatMap((row, at) => (first[at]?.ok && !isExact(row, first[at]) ? [at] : []));
    timings.compareMs += clock() - compared;
    const placed = await runs.inPlace(
      version,
      unlike.map((at) => ({ input: rows[at]?.input, ...(rows[at] as Prepared).provenance })),
    );
    const second = new Map(unlike.map((at, i) => [at, placed[i] as RanAgain]));
    const last = clock();
    const judged = rows.map((row, at): Judged => {
      const one = first[at] as RanAgain;
      const other = second.get(at);
      if (one.ok && !other) return { verdict: 'exact', again: one.runtime };
      if (other?.ok && isExact(row, other)) return { verdict: 'exact', inItsPlace: true, again: other.runtime };
      return judge(row, other?.ok ? other : one);
    });
    timings.compareMs += clock() - last;
    return judged;
  };

  const tell = (past: PastPrediction, judged: Judged): void => {
    const { model, version, sha256: asked } = past.request.data;
    const { sha256, runtime, threads } = past.result.data.provenance ?? { sha256: asked, ...elsewhere };
    const position = formatPosition({ epoch, partition: past.partition, offset: past.endOffset });
    each({ ...judged, of: { model, version, sha256, runtime, threads }, predictionId: past.request.subject, position });
  };

  return async (predictions: readonly PastPrediction[]): Promise<void> => {
    const prepared: (Prepared | Judged)[] = [];
    for (const past of predictions) {
      const one = prepare(past);
      prepared.push(one instanceof Promise ? await one : one);
    }
    const verdicts = new Map<number, Judged>();
    for (const places of groupsOf(prepared)) {
      const rows = places.map((at) => prepared[at] as Prepared);
      const judged = await runGroup((rows[0] as Prepared).version, rows);
      for (const [i, at] of places.entries()) verdicts.set(at, judged[i] as Judged);
    }
    for (const [at, past] of predictions.entries()) {
      tell(past, verdicts.get(at) ?? (prepared[at] as Judged));
    }
  };
};

const textOf = (value: unknown): string => JSON.stringify(value) ?? '';

const isExact = ({ outputText }: Prepared, again: RanAgain): boolean => again.ok && textOf(again.output) === outputText;

/** Where imported predictions were run is not known. */
const elsewhere = { runtime: 'imported', threads: 0 } as const;

const notVerified = (reason: NonNullable<Judged['reason']>, detail?: string): Judged => ({
  verdict: 'not_verified',
  reason,
  detail,
});

const groupsOf = (prepared: readonly (Prepared | Judged)[]): Iterable<readonly number[]> => {
  const groups = new Map<ModelVersion, number[]>();
  for (const [at, row] of prepared.entries()) {
    if (!('version' in row)) continue;
    const known = groups.get(row.version) ?? [];
    groups.set(row.version, known);
    known.push(at);
  }
  return groups.values();
};
