import {
  addCounts,
  countVerified,
  cutFault,
  emptyVerification,
  isReproduced,
  JobFailure,
  type JobHandler,
  type PastPlace,
  type PastPrediction,
  readPast,
  recordsInCut,
  type VerificationReport,
  type VerificationSpec,
} from '@hindcast/domain';
import { createPace, type Pace } from '../past/pace.ts';
import type { PastPorts } from '../past/past-ports.ts';
import { createRunsAgain } from '../past/run-again.ts';
import { wantedKeys } from '../past/wanted-keys.ts';
import { createVerifier } from './verify-predictions.ts';

/** Predictions that are gathered before they are run, and the length of their events. */
const gatheredMax = 512;
const gatheredCharsMax = 8 * 1_048_576;

interface VerificationCheckpoint {
  readonly place: PastPlace;
  readonly report: VerificationReport;
}

/** Runs past predictions again and compares. Its checkpoint is where it stands, and the report so far. */
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
      const pace = timed(createPace(rowsPerSecondMax, ports.clock), ports.clock, timings);
      const runs = createRunsAgain(runtime, pace, signal);
      const each = (verified: Parameters<typeof countVerified>[1]) => countVerified(report, verified);
      const verify = createVerifier(ports, { epoch: cut.epoch, runs, timings, each });
      const total = recordsInCut(cut);
      let gathered: PastPrediction[] = [];
      let chars = 0;
      let mark = ports.clock();
      const flush = async (): Promise<void> => {
        await verify(gathered);
        gathered = [];
        chars = 0;
      };
      const pages = readPast(ports.log, {
        cut,
        model,
        place: known?.place,
        wantsKey: wantedKeys(ports.identity.sha256, tenant, sample),
        wants: (request) => version === undefined || request.data.version === version,
      });
      for await (const { predictions, counts, place } of pages) {
        timings.readMs += ports.clock() - mark;
        signal.throwIfAborted();
        report.counts = addCounts(report.counts, counts);
        gathered.push(...predictions);
        chars = predictions.reduce((sum, one) => sum + one.chars, chars);
        if (gathered.length >= gatheredMax || chars >= gatheredCharsMax) await flush();
        const safe = gathered.length === 0 && { checkpoint: { place, report: structuredClone(report) } };
        const detail = `${report.verified} verified, ${report.verified - report.exact} of them not exact`;
        progress({ done: report.counts.records, total, unit: 'records', detail, ...safe });
        mark = ports.clock();
      }
      await flush();
      const { verified, mismatch, decision_flip } = report;
      if (!isReproduced(report))
        ports.logger?.warn({ job: id, verified, mismatch, decision_flip }, 'Past predictions are not answered alike.');
      return { ...report };
    } finally {
      await runtime.stop();
    }
  };

/** Tells of the time that was spent waiting; whoever measures runs counts it among them. */
const timed = ({ take }: Pace, clock: () => number, timings: VerificationReport['timings']): Pace => ({
  async take(rows, signal) {
    const started = clock();
    await take(rows, signal);
    const waited = clock() - started;
    timings.pausedMs += waited;
    timings.runMs -= waited;
  },
});
