import {
  addTo,
  type ClassQuality,
  classQuality,
  countAbsent,
  MATURITIES,
  type Maturity,
  maturityBoundsMs,
  maturityBuckets,
  type NumberQuality,
  numberQuality,
  type PredictionQualityDoc,
  type QualitySums,
  type SumsInTheMaking,
} from '@hindcast/domain';

const hourMs = 3_600_000;

/** A label that counts for requests that are older than `afterMs` and have none. */
export interface AbsentPolicy {
  valueFor(version: number): string | number | boolean;
  readonly afterMs: number;
}

export interface QualityQuestion {
  readonly now: number;
  /** Only labels that came this soon, of requests that are at least this old; undefined: all that is known. */
  readonly maturity: Maturity | undefined;
  readonly absent: AbsentPolicy | undefined;
  readonly groupBy: 'hour' | 'day' | undefined;
}

export interface QualityRow {
  readonly version: number;
  readonly since?: string;
  readonly accepted: number;
  /** Too young for the maturity that was asked for; counted nowhere else. */
  readonly immature: number;
  readonly succeeded: number;
  /** Succeeded ones that have a label. What became of others has nothing to be compared with. */
  readonly labeled: number;
  /** Share of the succeeded ones that have a label. */
  readonly coverage: number | null;
  /** First labels and their losses by how late they came, also those that came too late for the maturity. */
  readonly labeledWithin: Readonly<Record<Maturity | 'later', number>>;
  /** Succeeded without a label, and counted as if they had that of the policy. */
  readonly absent: number;
  /** Labels that cannot be compared with the output. */
  readonly unscorable: number;
  readonly classes?: ClassQuality;
  readonly numbers?: NumberQuality;
}

interface Group {
  readonly version: number;
  readonly since: number | undefined;
  immature: number;
  absent: number;
  readonly sums: SumsInTheMaking;
  readonly delays: number[];
}

export interface QualitySummary {
  add(docs: readonly PredictionQualityDoc[]): void;
  rows(positiveOf: (version: number) => string | undefined): readonly QualityRow[];
}

/** Sums documents up by version, and by time where that is asked for. What it holds does not grow with their number. */
export const createQualitySummary = ({ now, maturity, absent, groupBy }: QualityQuestion): QualitySummary => {
  const groups = new Map<string, Group>();
  const stepMs = groupBy === 'hour' ? hourMs : 24 * hourMs;
  const last = maturity === undefined ? maturityBuckets : MATURITIES.indexOf(maturity) + 1;

  const groupOf = ({ version, hour }: PredictionQualityDoc): Group => {
    const since = groupBy === undefined ? undefined : hour - (hour % stepMs);
    const key = `${version}|${since ?? ''}`;
    const delays = Array.from({ length: maturityBuckets }, () => 0);
    const group = groups.get(key) ?? { version, since, immature: 0, absent: 0, sums: {}, delays };
    groups.set(key, group);
    return group;
  };

  return {
    add(docs) {
      for (const doc of docs) {
        const group = groupOf(doc);
        const ageMs = now - (doc.hour + hourMs);
        if (maturity !== undefined && ageMs < maturityBoundsMs[maturity]) {
          group.immature += doc.buckets.reduce((sum, sums) => sum + of(sums, 'accepted'), 0);
          continue;
        }
        for (const [at, sums] of doc.buckets.entries()) group.delays[at] = (group.delays[at] ?? 0) + of(sums, 'judged');
        const known: SumsInTheMaking = {};
        for (const sums of doc.buckets.slice(0, last)) for (const name in sums) addTo(known, name, sums[name] ?? 0);
        for (const name in known) addTo(group.sums, name, known[name] ?? 0);
        if (absent && ageMs >= absent.afterMs)
          group.absent += countAbsent(known, absent.valueFor(doc.version), group.sums);
      }
    },
    rows: (positiveOf) =>
      [...groups.values()]
        .sort((a, b) => a.version - b.version || (a.since ?? 0) - (b.since ?? 0))
        .map((group) => rowOf(group, positiveOf(group.version))),
  };
};

const of = (sums: QualitySums, name: string): number => Number(sums[name] ?? 0);

const rowOf = ({ version, since, immature, absent, sums, delays }: Group, positive: string | undefined): QualityRow => {
  const classes = classQuality(sums, positive);
  const numbers = numberQuality(sums);
  const [succeeded, labeled] = [of(sums, 'succeeded'), of(sums, 'judged')];
  return {
    version,
    ...(since === undefined ? undefined : { since: new Date(since).toISOString() }),
    accepted: of(sums, 'accepted'),
    immature,
    succeeded,
    labeled,
    coverage: succeeded > 0 ? labeled / succeeded : null,
    labeledWithin: Object.fromEntries(
      [...MATURITIES, 'later' as const].map((name, at) => [name, delays[at] ?? 0]),
    ) as QualityRow['labeledWithin'],
    absent,
    unscorable: of(sums, 'unscorable'),
    ...(classes && { classes }),
    ...(numbers && { numbers }),
  };
};
