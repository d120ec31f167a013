import { Type } from '@sinclair/typebox';
import type { RebuildProgress } from './query-ports.ts';

const dateTime = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });

const comparisonSchema = Type.Object({
  equal: count,
  different: count,
  onlyLive: count,
  onlyBuilt: count,
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

export const rebuildBody = (progress: RebuildProgress) => {
  const { startedAt, endedAt, ratePerSecond, etaMs, error, report } = progress;
  const { id, kind, projection, generation, phase, folded, total } = progress;
  return {
    ...{ id, kind, projection, generation, phase, folded, total },
    ratePerSecond: Math.round(ratePerSecond),
    ...(etaMs === undefined || endedAt !== undefined ? undefined : { etaMs: Math.max(0, Math.round(etaMs)) }),
    startedAt: new Date(startedAt).toISOString(),
    ...(endedAt === undefined ? undefined : { endedAt: new Date(endedAt).toISOString() }),
    ...(error === undefined ? undefined : { error }),
    ...(report && {
      promoted: report.promoted,
      ...(report.verification && { verification: report.verification }),
    }),
  };
};
