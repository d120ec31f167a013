import { failureSchema, isEndedJob, JOB_STATUSES, type JobDoc, jobPace, jobProgressSchema } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

const dateTime = (description: string) => Type.String({ format: 'date-time', description });
const smallJson = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description });

export const jobStatusSchema = Type.Union(JOB_STATUSES.map((status) => Type.Literal(status)));

/** A job as clients see it. */
export const jobSchema = Type.Object({
  id: Type.String(),
  kind: Type.String({ description: 'What sort of work' }),
  status: jobStatusSchema,
  spec: smallJson('What exactly is to be done'),
  attempts: Type.Integer({ description: 'How often it was begun' }),
  progress: Type.Optional(
    Type.Object({
      ...jobProgressSchema.properties,
      ratePerSecond: Type.Optional(Type.Number({ description: 'On average since the attempt began' })),
      etaMs: Type.Optional(
        Type.Integer({ description: 'Until all is done, at that rate; absent where unknown or over' }),
      ),
    }),
  ),
  requestedAt: dateTime('When the log stored the request'),
  startedAt: Type.Optional(dateTime('When it was first begun')),
  endedAt: Type.Optional(dateTime('When it ended')),
  result: Type.Optional(smallJson('Of a job that has succeeded')),
  error: Type.Optional(failureSchema),
  reason: Type.Optional(Type.String({ description: 'Of a job that was canceled, where one was given' })),
  links: Type.Object({ self: Type.String() }),
});

export const jobPath = (id: string): string => `/v1/jobs/${encodeURIComponent(id)}`;

const timeText = (at: number): string => new Date(at).toISOString();
const whole = (value: number): number => Math.round(value);
const hundredths = (value: number): number => Math.round(value * 100) / 100;

const progressBody = ({ state }: JobDoc) => {
  if (!state.progress) return undefined;
  const { done, total, unit, detail } = state.progress;
  const { ratePerSecond, etaMs } = jobPace(state);
  return {
    ...{ done, total, unit, detail },
    ratePerSecond: ratePerSecond === undefined ? undefined : hundredths(ratePerSecond),
    etaMs: etaMs === undefined || isEndedJob(state) ? undefined : whole(etaMs),
  };
};

/** Members that are undefined are not sent. */
export const jobBody = (doc: JobDoc) => {
  const { id, state } = doc;
  const { kind, spec, at } = state.request;
  const ended = isEndedJob(state)
    ? { endedAt: timeText(state.endedAt), result: state.result, error: state.error, reason: state.reason }
    : {};
  return {
    ...{ id, kind, status: state.status, spec, attempts: state.attempts },
    progress: progressBody(doc),
    requestedAt: timeText(at),
    startedAt: state.startedAt === undefined ? undefined : timeText(state.startedAt),
    ...ended,
    links: { self: jobPath(id) },
  };
};
