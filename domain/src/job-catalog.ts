import { keyOf } from './event-envelope.ts';
import { type EventLog, TOPICS } from './event-log.ts';
import { evolveJob, isEndedJob, type JobStatus, type KnownJob, unknownJob } from './evolve-job.ts';
import { isJobEvent } from './job-events.ts';
import { followTopic, type TopicFollower } from './topic-follower.ts';

/** A job as the log has it up to `pos`. */
export interface JobDoc {
  readonly key: string;
  readonly tenant: string;
  readonly id: string;
  /** Offset of the last event that was folded into it. */
  readonly pos: number;
  readonly state: KnownJob;
}

export interface JobQuery {
  readonly tenant: string;
  readonly kind?: string;
  readonly status?: JobStatus;
  /** The last one of the page before: only what was requested earlier is listed. */
  readonly before?: { readonly at: number; readonly id: string };
  readonly limit: number;
}

/** Jobs of one kind that have ended and are remembered, the newest ends. The log keeps all. */
export const endedJobsMax = 500;

/**
 * The jobs topic, folded in memory by every process that asks for jobs or tells of them. Knows all jobs that are open and
 * the newest that have ended; `catchUp` reads to the present end of the log before anybody is told that one is unknown.
 */
export interface JobCatalog extends TopicFollower {
  get(tenant: string, id: string): JobDoc | undefined;
  /** Newest first. */
  list(query: JobQuery): readonly JobDoc[];
  /** All that have not ended. */
  open(): readonly JobDoc[];
  /** Every later change of one job. Returns the way to stop listening. */
  subscribe(key: string, listener: (doc: JobDoc) => void): () => void;
}

export const openJobCatalog = async (
  log: Pick<EventLog, 'consume' | 'bounds'>,
  { endedMax = endedJobsMax }: { readonly endedMax?: number } = {},
): Promise<JobCatalog> => {
  const jobs = new Map<string, JobDoc>();
  /** Keys by kind, in the order of their ends. */
  const ended = new Map<string, Set<string>>();
  const listeners = new Map<string, Set<(doc: JobDoc) => void>>();

  const remember = ({ key, state }: JobDoc): void => {
    const { kind } = state.request;
    const keys = ended.get(kind) ?? new Set();
    ended.set(kind, keys.add(key));
    const [oldest] = keys;
    if (keys.size <= endedMax || oldest === undefined) return;
    keys.delete(oldest);
    jobs.delete(oldest);
  };

  const follower = await followTopic(log, TOPICS.jobs, 'job catalog', ({ key, offset, appendedAt }, event) => {
    if (!isJobEvent(event)) return;
    const { state, verdict } = evolveJob(jobs.get(key)?.state ?? unknownJob, { event, offset, appendedAt });
    if (state.status === 'unknown') return;
    const doc: JobDoc = { key, tenant: event.tenant, id: event.subject, pos: offset, state };
    jobs.set(key, doc);
    if (verdict === 'accepted' && isEndedJob(state)) remember(doc);
    for (const listener of listeners.get(key) ?? []) listener(doc);
  });

  return {
    ...follower,
    get: (tenant, id) => jobs.get(keyOf(tenant, id)),
    list({ limit, ...query }) {
      const found = [...jobs.values()].filter((doc) => fits(doc, query));
      return found.sort(newestFirst).slice(0, limit);
    },
    open: () => [...jobs.values()].filter(({ state }) => !isEndedJob(state)),
    subscribe(key, listener) {
      const of = listeners.get(key) ?? new Set();
      listeners.set(key, of.add(listener));
      return () => {
        of.delete(listener);
        if (of.size === 0) listeners.delete(key);
      };
    },
  };
};

const fits = ({ tenant, id, state }: JobDoc, query: Omit<JobQuery, 'limit'>): boolean => {
  if (tenant !== query.tenant) return false;
  if (query.kind !== undefined && state.request.kind !== query.kind) return false;
  if (query.status !== undefined && state.status !== query.status) return false;
  const { before } = query;
  const { at } = state.request;
  return before === undefined || at < before.at || (at === before.at && id < before.id);
};

const newestFirst = (a: JobDoc, b: JobDoc): number => b.state.request.at - a.state.request.at || (a.id < b.id ? 1 : -1);
