import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { showDuration } from './duration.ts';
import type { Voice } from './terminal.ts';

/** Pause between two looks at a job. */
const lookMs = 500;

/** A job as the API shows it. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly attempts: number;
  readonly requestedAt: string;
  readonly spec: object;
  readonly result?: object;
  readonly error?: { readonly code: string; readonly detail: string };
  readonly reason?: string;
  readonly progress?: {
    readonly done: number;
    readonly total?: number;
    readonly unit: string;
    readonly detail?: string;
    readonly ratePerSecond?: number;
    readonly etaMs?: number;
  };
}

const isOpen = ({ status }: Pick<Job, 'status'>): boolean => status === 'queued' || status === 'running';

/** Why a job ended that did not succeed, where that is known. */
export const reasonOf = ({ error, reason }: Pick<Job, 'error' | 'reason'>): string | undefined =>
  error ? `${error.detail} (${error.code})` : reason;

export const jobPath = (id: string): string => `/v1/jobs/${encodeURIComponent(id)}`;

/** What a job does at the moment is nothing that has ended any more. */
export const progressOf = ({ status, progress }: Pick<Job, 'status' | 'progress'>): string => {
  if (!progress) return status;
  const { done, total, unit, detail, ratePerSecond, etaMs } = progress;
  if (total === 0) return status;
  const of = total === undefined ? '' : ` of ${total}`;
  const at = detail === undefined || !isOpen({ status }) ? '' : ` (${detail})`;
  const rate = Math.round(ratePerSecond ?? 0) > 0 ? `, ${Math.round(ratePerSecond ?? 0)} per second` : '';
  const left = etaMs === undefined ? '' : `, about ${showDuration(etaMs)} left`;
  return `${status}${at}: ${done}${of} ${unit}${rate}${left}`;
};

/** How a job has ended, behind its name. */
export const endingOf = (status: string): string => (status === 'canceled' ? 'was canceled' : `has ${status}`);

/** Tells how far it is until it has ended. */
export const watchJob = async (client: ApiClient, voice: Voice, id: string): Promise<Job> => {
  for (;;) {
    const job = (await client.request(jobPath(id))).body as Job;
    const ended = !isOpen(job);
    voice.progress(progressOf(job), ended);
    if (ended) return job;
    await delay(lookMs);
  }
};
