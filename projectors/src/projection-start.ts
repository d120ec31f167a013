import type { Checkpoint, EventLog, PartitionBounds } from '@hindcast/domain';
import type { Projection } from './projection.ts';

export type RefusalCode = 'foreign_log' | 'checkpoint_past_end' | 'history_missing' | 'gap';

/** The views cannot be continued from this log. All but `gap`, which a redelivery heals, ask for a rebuild. */
export class ProjectionRefused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'ProjectionRefused';
    this.code = code;
  }
}

/** Where each partition goes on, or why it cannot. */
export const startsOf = async (
  projection: Projection,
  bounds: readonly PartitionBounds[],
): Promise<ReadonlyMap<number, number>> => {
  return startsFrom(projection, await projection.checkpoints(), bounds);
};

/**
 * The same where others fold at this time: the ends of the log are read after the checkpoints, so that no partition that
 * somebody has just folded further looks like one that has lost its records.
 */
export const startsNow = async (
  projection: Projection,
  log: Pick<EventLog, 'bounds'>,
): Promise<{ readonly starts: ReadonlyMap<number, number>; readonly bounds: readonly PartitionBounds[] }> => {
  const views = await projection.checkpoints();
  const bounds = await log.bounds(projection.topic);
  return { starts: startsFrom(projection, views, bounds), bounds };
};

const startsFrom = (
  projection: Projection,
  views: readonly (readonly Checkpoint[])[],
  bounds: readonly PartitionBounds[],
): ReadonlyMap<number, number> =>
  new Map(
    bounds.map((of) => {
      const nexts = views.map((checkpoints) => {
        const checkpoint = checkpoints.find(({ partition }) => partition === of.partition);
        return checkpoint ? checked(projection, checkpoint, of) : of.start;
      });
      return [of.partition, Math.min(...nexts)] as const;
    }),
  );

const checked = (
  projection: Projection,
  { logId, epoch, partition, next }: Checkpoint,
  of: PartitionBounds,
): number => {
  const name = `Generation ${projection.generation} of ${projection.name}`;
  const advice = `Rebuild it: npx hindcast projections rebuild ${projection.name}`;
  if (logId !== of.logId || epoch !== of.epoch) {
    throw new ProjectionRefused(
      'foreign_log',
      `${name} was folded from log ${logId} epoch ${epoch}, this is log ${of.logId} epoch ${of.epoch}. ${advice}`,
    );
  }
  if (next > of.end) {
    throw new ProjectionRefused(
      'checkpoint_past_end',
      `${name} has folded partition ${partition} up to ${next}, but the log ends at ${of.end}: it has lost records. ${advice}`,
    );
  }
  if (next < of.start) {
    throw new ProjectionRefused(
      'history_missing',
      `${name} continues partition ${partition} at ${next}, but the log starts at ${of.start}. ${advice}`,
    );
  }
  return next;
};
