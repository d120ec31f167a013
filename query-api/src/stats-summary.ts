import type { PredictionStatsDoc } from '@hindcast/domain';
import { durationQuantile } from './duration-quantile.ts';

const outcomes = ['accepted', 'succeeded', 'failed', 'canceled', 'expired', 'labeled'] as const;
const sums = [...outcomes, 'queuedMs', 'inferenceMs'] as const;

type Totals = Record<(typeof sums)[number], number> & { readonly durations: number[] };

const rounded = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms * 1_000) / 1_000);

/** Partitions, and where they are not asked for apart models and versions, summed up: a row for each hour, oldest first. */
export const summarizeStats = (docs: readonly PredictionStatsDoc[], byVersion: boolean) => {
  const groups = new Map<string, { readonly doc: PredictionStatsDoc; readonly totals: Totals }>();
  for (const doc of docs) {
    const key = byVersion ? `${doc.hour}|${doc.model}@${doc.version}` : String(doc.hour);
    const group = groups.get(key) ?? { doc, totals: noTotals() };
    groups.set(key, group);
    for (const name of sums) group.totals[name] += doc[name];
    for (const [at, count] of doc.durations.entries()) {
      group.totals.durations[at] = (group.totals.durations[at] ?? 0) + count;
    }
  }
  return [...groups.values()]
    .sort((a, b) => a.doc.hour - b.doc.hour || order(a.doc.model, b.doc.model) || a.doc.version - b.doc.version)
    .map(({ doc, totals }) => ({
      hour: new Date(doc.hour).toISOString(),
      ...(byVersion ? { model: doc.model, version: doc.version } : undefined),
      ...Object.fromEntries(outcomes.map((name) => [name, totals[name]])),
      meanQueuedMs: mean(totals.queuedMs, totals.succeeded),
      meanInferenceMs: mean(totals.inferenceMs, totals.succeeded),
      estimatedDurationMs: {
        p50: rounded(durationQuantile(totals.durations, 0.5)),
        p95: rounded(durationQuantile(totals.durations, 0.95)),
        p99: rounded(durationQuantile(totals.durations, 0.99)),
      },
    }));
};

const order = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const mean = (sum: number, count: number): number | null => (count === 0 ? null : rounded(sum / count));
const noTotals = (): Totals => ({
  ...{ accepted: 0, succeeded: 0, failed: 0, canceled: 0, expired: 0, labeled: 0, queuedMs: 0, inferenceMs: 0 },
  durations: [],
});
