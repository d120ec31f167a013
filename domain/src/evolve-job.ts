import type { Stored } from './evolve-prediction.ts';
import type { JobCheckpoint, JobEvent, JobEventOf, JobProgress, JobResult, JobSpec } from './job-events.ts';
import type { Failure } from './prediction-events.ts';

export const JOB_END_STATUSES = ['succeeded', 'failed', 'canceled'] as const;
export const JOB_STATUSES = ['queued', 'running', ...JOB_END_STATUSES] as const;
export type JobEndStatus = (typeof JOB_END_STATUSES)[number];
export type JobStatus = (typeof JOB_STATUSES)[number];

/**
 * A job whose process was lost so often is given up, unless it came further in between than it ever was: what kills its
 * process must not do so for ever, and long work must outlive any number of crashes that are not its own.
 */
export const lostMax = 3;

export type JobVerdict =
  | 'accepted'
  | 'ignored:repeated'
  | 'ignored:duplicate'
  | 'ignored:key_conflict'
  | 'ignored:orphan'
  | 'ignored:other_request'
  | 'ignored:late'
  /** Of an attempt that another one has followed, or older news of the same one. */
  | 'ignored:stale';

export interface UnknownJob {
  readonly status: 'unknown';
}

interface Known {
  readonly request: {
    readonly eventId: string;
    readonly kind: string;
    readonly spec: JobSpec;
    readonly requestHash: string | undefined;
    readonly offset: number;
    /** Log time, ms since 1970. */
    readonly at: number;
  };
  /** The newest attempt; 0 before the first. */
  readonly attempts: number;
  /** Attempts that were followed by another one without having been given back, since one came further than ever. */
  readonly lost: number;
  /** Most that attempts before the newest had done. */
  readonly furthest: number;
  /** Of the first attempt, ms since 1970. */
  readonly startedAt: number | undefined;
  readonly progress: (JobProgress & { readonly attempt: number; readonly at: number }) | undefined;
  /** Where the newest attempt began, for its pace. */
  readonly base: { readonly at: number; readonly done: number } | undefined;
}

export interface OpenJob extends Known {
  readonly status: 'queued' | 'running';
  readonly runner: string | undefined;
  readonly checkpoint: JobCheckpoint | undefined;
}

export interface EndedJob extends Known {
  readonly status: JobEndStatus;
  readonly endedAt: number;
  readonly result: JobResult | undefined;
  readonly error: Failure | undefined;
  /** Of a job that was canceled, in the words of whoever did it. */
  readonly reason: string | undefined;
  /** Where one that has not succeeded had come to: what it has found until then need not be lost. */
  readonly checkpoint: JobCheckpoint | undefined;
}

export type KnownJob = OpenJob | EndedJob;
export type JobState = UnknownJob | KnownJob;

export const unknownJob: UnknownJob = { status: 'unknown' };

export const isEndedJob = (state: JobState): state is EndedJob =>
  (JOB_END_STATUSES as readonly string[]).includes(state.status);

export interface EvolvedJob {
  readonly state: JobState;
  readonly verdict: JobVerdict;
}

/**
 * The only judge of a job. Whoever folds the same records gets the same state.
 * - The first request wins, and events count only if they answer it (`causationid`).
 * - An attempt is a claim: the first start with a higher number wins. What an earlier attempt still says of its progress or
 *   its failure is stale; its success counts, since the work is done whoever did it.
 * - The first end wins.
 */
export const evolveJob = (state: JobState, stored: Stored<JobEvent>): EvolvedJob => {
  const { event } = stored;
  if (event.type === 'JobRequested') return request(state, event, stored);
  if (state.status === 'unknown') return { state, verdict: 'ignored:orphan' };
  if (event.causationid !== state.request.eventId) return { state, verdict: 'ignored:other_request' };
  if (isEndedJob(state)) return { state, verdict: 'ignored:late' };
  const next = answer(state, event, stored.appendedAt);
  return next ? { state: next, verdict: 'accepted' } : { state, verdict: 'ignored:stale' };
};

const request = (
  state: JobState,
  event: JobEventOf<'JobRequested'>,
  { offset, appendedAt }: Stored<JobEvent>,
): EvolvedJob => {
  const { kind, spec, requestHash } = event.data;
  if (state.status !== 'unknown') {
    if (state.request.eventId === event.id) return { state, verdict: 'ignored:repeated' };
    const same = state.request.requestHash === requestHash;
    return { state, verdict: same ? 'ignored:duplicate' : 'ignored:key_conflict' };
  }
  const queued: OpenJob = {
    status: 'queued',
    request: { eventId: event.id, kind, spec, requestHash, offset, at: appendedAt },
    attempts: 0,
    lost: 0,
    furthest: 0,
    startedAt: undefined,
    progress: undefined,
    base: undefined,
    runner: undefined,
    checkpoint: undefined,
  };
  return { state: queued, verdict: 'accepted' };
};

/** undefined where the event is stale. */
const answer = (
  state: OpenJob,
  event: Exclude<JobEvent, { type: 'JobRequested' }>,
  at: number,
): KnownJob | undefined => {
  switch (event.type) {
    case 'JobStarted': {
      const { attempt, runner } = event.data;
      if (attempt <= state.attempts) return undefined;
      const lost = state.lost + (state.status === 'running' ? 1 : 0);
      const done = state.checkpoint === undefined ? 0 : (state.progress?.done ?? 0);
      const furthest = Math.max(state.furthest, state.progress?.done ?? 0);
      const started = { attempts: attempt, lost, furthest, runner, startedAt: state.startedAt ?? at };
      return { ...state, ...started, base: { at, done }, status: 'running' };
    }
    case 'JobProgressed':
      return progressed(state, event.data, at);
    case 'JobReleased':
      if (state.status !== 'running' || event.data.attempt !== state.attempts) return undefined;
      return { ...state, status: 'queued', runner: undefined };
    case 'JobSucceeded':
      return ended(state, 'succeeded', at, { result: event.data.result });
    case 'JobFailed': {
      const { attempt, code, detail } = event.data;
      return attempt < state.attempts ? undefined : ended(state, 'failed', at, { error: { code, detail } });
    }
    case 'JobCanceled':
      return ended(state, 'canceled', at, { reason: event.data.reason });
    default:
      return event satisfies never;
  }
};

const progressed = (
  state: OpenJob,
  { attempt, checkpoint, ...progress }: JobEventOf<'JobProgressed'>['data'],
  at: number,
): OpenJob | undefined => {
  if (state.status !== 'running' || attempt !== state.attempts) return undefined;
  // The first news of an attempt may be of less than the last attempt had: not all work can go on where it was.
  const known = state.progress?.attempt === attempt ? state.progress.done : 0;
  if (progress.done < known) return undefined;
  const base = state.base && progress.done < state.base.done ? { at, done: progress.done } : state.base;
  const lost = progress.done > state.furthest ? 0 : state.lost;
  return { ...state, lost, base, progress: { ...progress, attempt, at }, checkpoint: checkpoint ?? state.checkpoint };
};

const ended = (
  state: OpenJob,
  status: JobEndStatus,
  endedAt: number,
  { result, error, reason }: Partial<Pick<EndedJob, 'result' | 'error' | 'reason'>>,
): EndedJob => {
  const { request, attempts, lost, furthest, startedAt, progress, base } = state;
  const checkpoint = status === 'succeeded' ? undefined : state.checkpoint;
  const known = { request, attempts, lost, furthest, startedAt, progress, base };
  return { ...known, status, endedAt, result, error, reason, checkpoint };
};

/** On average since its newest attempt began; undefined where nothing is known yet. */
export const jobPace = ({
  progress,
  base,
}: Pick<KnownJob, 'progress' | 'base'>): { readonly ratePerSecond?: number; readonly etaMs?: number } => {
  if (!progress || !base || progress.at <= base.at || progress.done <= base.done) return {};
  const ratePerSecond = ((progress.done - base.done) * 1_000) / (progress.at - base.at);
  if (progress.total === undefined) return { ratePerSecond };
  return { ratePerSecond, etaMs: Math.max(0, ((progress.total - progress.done) * 1_000) / ratePerSecond) };
};
