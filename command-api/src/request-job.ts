import { jobsCaughtUp, problem } from '@hindcast/adapters/http';
import {
  canonicalJson,
  encode,
  type JobDoc,
  type JobEvent,
  type JobEventOf,
  type JobSpec,
  jobJsonBytesMax,
  makeEvent,
  TOPICS,
} from '@hindcast/domain';
import { type CommandContext, eventSource } from './command-ports.ts';

/** What it takes to ask for a job. */
export type JobContext = Pick<CommandContext, 'ports' | 'limits' | 'tenant'>;

export interface JobWish {
  readonly kind: string;
  readonly spec: JobSpec;
  /** Where it is left out the content makes the id: the same wish is the same job, for as long as that is remembered. */
  readonly id?: string;
}

export interface RequestedJob {
  readonly doc: JobDoc;
  /** false: it was there before, or somebody else was faster. */
  readonly isNew: boolean;
}

/**
 * Asks for a job, durably, and answers what the log has under its id.
 * @throws Problem `catalog-behind`, `too-many-jobs`, `invalid-body` for a spec that is too large
 */
export const requestJob = async (context: JobContext, wish: JobWish): Promise<RequestedJob> => {
  const { ports, tenant, limits } = context;
  const { jobs, identity } = ports;
  const { kind, spec } = wish;
  const canonical = canonicalJson({ kind, spec });
  if (Buffer.byteLength(canonical) > jobJsonBytesMax) {
    throw problem('invalid-body', `What a job is asked with may have ${jobJsonBytesMax} bytes.`);
  }
  const requestHash = identity.sha256(canonical);
  const id = wish.id ?? identity.idFromText(`${tenant}/job/${requestHash}`);
  await jobsCaughtUp(jobs);
  const known = jobs.get(tenant, id);
  if (known) return { doc: known, isNew: false };
  if (jobs.open().length >= limits.jobsOpenMax) {
    const detail = `No more than ${limits.jobsOpenMax} jobs may be open at once.`;
    throw problem('too-many-jobs', detail, { headers: { 'retry-after': '30' } });
  }
  const eventId = await appendJobEvent(context, id, 'JobRequested', { kind, spec, requestHash });
  await jobsCaughtUp(jobs);
  const doc = jobs.get(tenant, id);
  if (!doc) throw new Error(`The job ${id} is not where it was put.`);
  return { doc, isNew: doc.state.request.eventId === eventId };
};

/** Resolves with the id of the event when it is durable. */
export const appendJobEvent = async <T extends 'JobRequested' | 'JobCanceled'>(
  { ports, tenant }: Pick<JobContext, 'ports' | 'tenant'>,
  id: string,
  type: T,
  data: JobEventOf<T>['data'],
  causationId?: string,
): Promise<string> => {
  const { identity, log } = ports;
  const event = makeEvent<JobEvent>({
    id: identity.newId(),
    source: eventSource,
    type,
    at: identity.now(),
    tenant,
    subject: id,
    causationId,
    data,
  });
  const [outcome] = await log.append(TOPICS.jobs, [encode(event)]);
  if (!outcome?.ok) throw outcome?.error ?? new Error('The log answered no outcome.');
  return event.id;
};
