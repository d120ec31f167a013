import { setTimeout as delay } from 'node:timers/promises';
import {
  type ArtifactStore,
  type BacktestSpec,
  type BacktestState,
  cutFault,
  type DataRef,
  emptyBacktest,
  JobFailure,
  type JobHandler,
  type JobRun,
  type JobToRun,
  type LogCut,
  type ModelVersion,
  type PastQuery,
  readPast,
  recordsInCut,
  type ViewDatabase,
} from '@hindcast/domain';
import { followingLog } from '../past/following-log.ts';
import { createKnownLabels, type KnownLabels } from '../past/known-labels.ts';
import { createPace } from '../past/pace.ts';
import type { PastPorts } from '../past/past-ports.ts';
import { createRunsAgain, type RunsAgain } from '../past/run-again.ts';
import { wantedKeys } from '../past/wanted-keys.ts';
import { readPayload } from '../prediction-inputs.ts';
import { type BacktestCheckpoint, createResultSet, type ResultSet } from './result-set.ts';
import { createScorer } from './score-again.ts';

export interface BacktestPorts extends PastPorts {
  /** Where the result set goes, too. */
  readonly artifacts: Pick<ArtifactStore, 'get' | 'put'>;
  /** Where labels are found. */
  readonly views: Pick<ViewDatabase, 'generations' | 'statusStore' | 'reader'>;
}

/** Asks another version what it would have said, of a stretch of the log. */
export const createBacktestHandler =
  (ports: BacktestPorts): JobHandler =>
  (job, run) =>
    withCandidate(ports, job, run, async (scored) => {
      const { cut } = job.spec as BacktestSpec;
      const labels = createKnownLabels(ports.views, ports.clock);
      await labels.whenFolded(cut, run.signal);
      for (const range of cut.ranges) await scored.read(ports.log, range, labels);
      return scored.finish();
    });

/** The same of all that comes, until it is canceled. Labels come later: a backtest over the same stretch has them. */
export const createShadowHandler =
  (ports: BacktestPorts): JobHandler =>
  (job, run) =>
    withCandidate(ports, job, run, async (scored) => {
      const { cut } = job.spec as BacktestSpec;
      const failed = new AbortController();
      const log = followingLog(ports.log, AbortSignal.any([run.signal, failed.signal]));
      const open = cut.ranges.map(({ partition, from }) => ({ partition, from, to: Number.MAX_SAFE_INTEGER }));
      const reading = [...open.map((range) => scored.read(log, range, undefined)), scored.keep(failed.signal)];
      try {
        await Promise.all(reading);
      } finally {
        failed.abort();
        await Promise.allSettled(reading);
      }
      return scored.finish();
    });

/** Pause between two looks at whether something waits to be kept. */
const keepMs = 500;

interface Scored {
  read(
    log: PastPorts['log'] | ReturnType<typeof followingLog>,
    range: LogCut['ranges'][number],
    labels: KnownLabels | undefined,
  ): Promise<void>;
  /** Tells what was found last also where nothing more comes, until the signal. */
  keep(until: AbortSignal): Promise<void>;
  finish(): Promise<Readonly<Record<string, unknown>>>;
}

const withCandidate = async (
  ports: BacktestPorts,
  job: JobToRun,
  run: JobRun,
  work: (scored: Scored) => Promise<Readonly<Record<string, unknown>>>,
) => {
  const spec = job.spec as BacktestSpec;
  const fault = await cutFault(ports.log, spec.cut);
  if (fault !== undefined) throw new JobFailure('cut_unreadable', fault);
  const candidate = await candidateOf(ports, job.tenant, spec);
  const known = run.checkpoint as BacktestCheckpoint | undefined;
  const state = known ? await savedState(ports, known.state) : emptyBacktest();
  const results = createResultSet(ports.artifacts, ports.clock, state, known?.places ?? []);
  const runtime = ports.openRuntime();
  try {
    const runs = createRunsAgain(runtime, createPace(spec.rowsPerSecondMax, ports.clock), run.signal);
    return await work(scoredOf(ports, job, run, { candidate, runs, results, known }));
  } finally {
    await runtime.stop();
  }
};

const scoredOf = (
  ports: BacktestPorts,
  { tenant, spec: given }: JobToRun,
  { signal, progress }: JobRun,
  parts: {
    readonly candidate: ModelVersion;
    readonly runs: RunsAgain;
    readonly results: ResultSet;
    readonly known: BacktestCheckpoint | undefined;
  },
): Scored => {
  const spec = given as BacktestSpec;
  const { results, known } = parts;
  const { state } = results;
  const score = createScorer(ports, spec, parts.candidate, parts.runs, results);
  const total = recordsInCut(spec.cut);
  const tell = (saved: BacktestCheckpoint | undefined): void => {
    const done = state.counts.records;
    const detail = `${state.compared} compared, ${state.changed} of them changed`;
    const told = { done, unit: 'records', detail, ...(total > 0 && done <= total && { total }) };
    progress({ ...told, ...(saved && { checkpoint: { ...saved } }) });
  };

  return {
    async read(log, range, labels) {
      const place = known?.places.find(({ partition }) => partition === range.partition);
      const query: PastQuery = { ...wantsOf(ports, tenant, spec), cut: { ...spec.cut, ranges: [range] }, place };
      for await (const page of readPast(log, query)) {
        signal.throwIfAborted();
        const found = await labels?.of(page.predictions, range.to);
        await score(page, found ?? new Map());
        tell(await results.save('if due'));
      }
    },
    async keep(until) {
      const ended = AbortSignal.any([signal, until]);
      for (;;) {
        await delay(keepMs, undefined, { signal: ended });
        const saved = await results.save('if due');
        if (saved) tell(saved);
      }
    },
    async finish() {
      const saved = await results.save('all');
      tell(saved);
      const { compared, changed, labelled, refusals } = state;
      return { ...{ compared, changed, labelled, refusals }, state: saved?.state };
    },
  };
};

const wantsOf = (
  { identity }: Pick<PastPorts, 'identity'>,
  tenant: string,
  { model, versions, sample }: BacktestSpec,
): Pick<PastQuery, 'model' | 'wantsKey' | 'wants'> => ({
  model,
  wantsKey: wantedKeys(identity.sha256, tenant, sample),
  wants: ({ data }) => versions?.includes(data.version) ?? true,
});

const candidateOf = async (
  ports: PastPorts,
  tenant: string,
  { candidate: { model, version, sha256 } }: BacktestSpec,
): Promise<ModelVersion> => {
  await ports.catalog.catchUp();
  const found = ports.catalog.version(tenant, model, version);
  if (found?.sha256 !== sha256) throw new JobFailure('version_unknown', `${model}@${version} is not this file.`);
  const digest = await ports.fileDigest(sha256);
  if (digest === undefined) throw new JobFailure('model_missing', `The file of ${model}@${version} is missing.`);
  if (digest !== sha256)
    throw new JobFailure('model_changed', `The file of ${model}@${version} is not what was registered.`);
  return found;
};

const savedState = async ({ artifacts }: Pick<PastPorts, 'artifacts'>, ref: DataRef): Promise<BacktestState> => {
  const read = await readPayload(artifacts, ref);
  if (!read.ok) throw new JobFailure('checkpoint_missing', read.detail);
  return read.input as BacktestState;
};
