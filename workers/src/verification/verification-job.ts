import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  addCounts,
  comparedText,
  countVerified,
  cutFault,
  emptyVerification,
  isReproduced,
  JobFailure,
  type JobHandler,
  noPast,
  type PastCounts,
  type PastPlace,
  type PastPrediction,
  ranNothing,
  readPast,
  recordsInCut,
  type VerificationReport,
  type VerificationSpec,
} from '@hindcast/domain';
import { createPace, type Pace, unbounded } from '../past/pace.ts';
import type { PastPorts } from '../past/past-ports.ts';
import { createRunsAgain } from '../past/run-again.ts';
import { wantedKeys } from '../past/wanted-keys.ts';
import { createVerifier } from './verify-predictions.ts';

/** What is run together at most: predictions, the length of their events, and the records among which they were. */
const batchPredictionsMax = 512;
const batchCharsMax = 8 * 1_048_576;
const batchRecordsMax = 16_384;

interface VerificationCheckpoint {
  readonly place: PastPlace;
  readonly report: VerificationReport;
}

/** What was read since the batch before. */
interface Batch {
  readonly predictions: PastPrediction[];
  chars: number;
  counts: PastCounts;
  /** Where it ends. */
  place: PastPlace | undefined;
}

/**
 * Runs past predictions again and compares: one batch is run while the next one is read. Its checkpoint is the end of the
 * last batch that was compared, and the report so far.
 */
export const createVerificationHandler =
  (ports: PastPorts): JobHandler =>
  async ({ id, tenant, spec }, { signal, progress, checkpoint }) => {
    const asked = spec as VerificationSpec;
    const { cut, model, version, sample, rowsPerSecondMax } = asked;
    const fault = await cutFault(ports.log, cut);
    if (fault !== undefined) throw new JobFailure('cut_unreadable', fault);
    await ports.catalog.catchUp();
    const known = checkpoint as VerificationCheckpoint | undefined;
    const report = structuredClone(known?.report) ?? emptyVerification();
    const { timings } = report;
    const runtime = ports.openRuntime();
    try {
      const standing = createStanding(ports.clock, timings);
      const pace =
        rowsPerSecondMax === undefined ? unbounded : standing.timed(createPace(rowsPerSecondMax, ports.clock));
      const runs = createRunsAgain(runtime, pace, signal);
      const each = (verified: Parameters<typeof countVerified>[1]) => countVerified(report, verified);
      const verify = createVerifier(ports, { epoch: cut.epoch, runs, timings, each });
      const total = recordsInCut(cut);
      const finish = async ({ predictions, counts, place }: Batch): Promise<void> => {
        await verify(predictions);
        report.counts = addCounts(report.counts, counts);
        const safe = place && { checkpoint: { place, report: structuredClone(report) } };
        progress({ done: report.counts.records, total, unit: 'records', detail: comparedText(report), ...safe });
      };
      let batch = emptyBatch();
      let running = Promise.resolve();
      const flush = async (): Promise<void> => {
        await standing.until(running);
        running = finish(batch);
        // It is awaited before the next one; until then nobody hears of its failure.
        running.catch(() => {});
        batch = emptyBatch();
      };
      const pages = readPast(ports.log, {
        cut,
        model,
        place: known?.place,
        wantsKey: wantedKeys(ports.identity.sha256, tenant, sample),
        wants: (request) => version === undefined || request.data.version === version,
      });
      let mark = ports.clock();
      for await (const { predictions, counts, place } of pages) {
        timings.readMs += ports.clock() - mark;
        batch.counts = addCounts(batch.counts, counts);
        batch.place = place;
        batch.predictions.push(...predictions);
        for (const { chars } of predictions) batch.chars += chars;
        if (isFull(batch)) await flush();
        // What is served now, and the batch that runs, come in between.
        await nextTurn();
        signal.throwIfAborted();
        mark = ports.clock();
      }
      await flush();
      await standing.until(running);
      const { verified, mismatch, decision_flip } = report;
      if (!isReproduced(report))
        ports.logger?.warn({ job: id, verified, mismatch, decision_flip }, 'Past predictions are not answered alike.');
      if (ranNothing(report)) ports.logger?.warn({ job: id, verified }, 'No past prediction could be run again.');
      return { ...report };
    } finally {
      await runtime.stop();
    }
  };

const emptyBatch = (): Batch => ({ predictions: [], chars: 0, counts: noPast, place: undefined });

const isFull = ({ predictions, chars, counts }: Batch): boolean =>
  predictions.length >= batchPredictionsMax || chars >= batchCharsMax || counts.records >= batchRecordsMax;

/**
 * Tells what the time is spent on in which nothing can be done but to wait for a batch: to hold it back, to compare it,
 * and the rest to run it.
 */
const createStanding = (clock: () => number, timings: VerificationReport['timings']) => {
  let since: number | undefined;
  return {
    timed: ({ take }: Pace): Pace => ({
      async take(rows, signal) {
        const started = clock();
        await take(rows, signal);
        if (since !== undefined) timings.pausedMs += clock() - Math.max(started, since);
      },
    }),
    async until(running: Promise<void>): Promise<void> {
      since = clock();
      const before = timings.compareMs + timings.pausedMs;
      try {
        await running;
      } finally {
        timings.runMs += clock() - since - (timings.compareMs + timings.pausedMs - before);
        since = undefined;
      }
    },
  };
};
