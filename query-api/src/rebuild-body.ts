import { isEndedJob, type JobDoc, jobPace, type KnownJob } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';

const dateTime = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });

const comparisonSchema = Type.Object({
  equal: count,
  different: count,
  onlyLive: count,
  onlyBuilt: count,
  parked: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Differ, and one side is parked; absent in older rebuilds' }),
  ),
  moving: Type.Integer({ minimum: 0, description: 'Changed while they were looked at' }),
  examples: Type.Array(Type.String(), { description: 'Some keys of those that differ, or that only one side has' }),
});

export const rebuildSchema = Type.Object(
  {
    id: Type.String(),
    kind: Type.Union([Type.Literal('rebuild'), Type.Literal('dryRun'), Type.Literal('undo')]),
    projection: Type.String(),
    generation: Type.Integer({ description: '0 until it is known' }),
    phase: Type.String({ description: 'done and failed are final' }),
    folded: Type.Integer({ description: 'Records folded so far' }),
    total: Type.Integer({ description: 'Records that the log held at the last look' }),
    ratePerSecond: Type.Integer({ description: 'Records, on average since it began' }),
    etaMs: Type.Optional(Type.Integer({ description: 'Until all records are folded; absent where unknown or over' })),
    startedAt: dateTime,
    endedAt: Type.Optional(dateTime),
    error: Type.Optional(Type.String()),
    promoted: Type.Optional(Type.Boolean({ description: 'Of a rebuild that is done: whether it is live' })),
    verification: Type.Optional(
      Type.Record(Type.String(), comparisonSchema, {
        description: 'By view: the documents of the live generation and of the new one, once they were compared',
      }),
    ),
  },
  { description: 'How far it has come' },
);

/** What the projectors put into the result and the checkpoint of such a job. */
interface RebuildNews {
  readonly generation?: number;
  readonly promoted?: boolean;
  readonly verification?: Readonly<Record<string, Static<typeof comparisonSchema>>>;
}

/** `done` and `failed` are final, as they were before rebuilds were jobs. */
const phaseOf = ({ status, progress }: KnownJob): string => {
  if (status === 'succeeded') return 'done';
  if (status === 'failed' || status === 'canceled') return 'failed';
  return status === 'queued' ? 'queued' : (progress?.detail ?? 'filling');
};

const kindOf = ({ kind, spec }: KnownJob['request']) => {
  if (kind === 'projection-undo') return 'undo';
  return spec['dryRun'] === true ? 'dryRun' : 'rebuild';
};

/** undefined where the job is neither a rebuild nor an undo. */
export const rebuildBody = ({ id, state }: JobDoc): Static<typeof rebuildSchema> | undefined => {
  const { request, progress } = state;
  if (request.kind !== 'projection-rebuild' && request.kind !== 'projection-undo') return undefined;
  const { ratePerSecond = 0, etaMs } = jobPace(state);
  const ended = isEndedJob(state) ? state : undefined;
  const news: RebuildNews = ended?.result ?? ('checkpoint' in state ? state.checkpoint : undefined) ?? {};
  const error = ended?.status === 'canceled' ? 'It was canceled.' : ended?.error?.detail;
  return {
    ...{ id, kind: kindOf(request), projection: String(request.spec['projection']), phase: phaseOf(state) },
    generation: news.generation ?? 0,
    folded: progress?.done ?? 0,
    total: progress?.total ?? 0,
    ratePerSecond: Math.round(ratePerSecond),
    ...(etaMs === undefined || ended ? undefined : { etaMs: Math.round(etaMs) }),
    startedAt: new Date(state.startedAt ?? request.at).toISOString(),
    ...(ended && { endedAt: new Date(ended.endedAt).toISOString() }),
    ...(error === undefined ? undefined : { error }),
    ...(news.promoted === undefined ? undefined : { promoted: news.promoted }),
    ...(news.verification && { verification: news.verification }),
  };
};
