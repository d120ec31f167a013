import type { Checkpoint, EventLog } from '@hindcast/domain';
import type { Projection } from './projection.ts';
import { ProjectionRefused, startsNow } from './projection-start.ts';

/** How far this process has folded a projection, or has found it folded, in whatever generation. */
export interface Reached {
  note(checkpoint: Checkpoint): void;
  /**
   * Whether the generation has not folded what is noted here. No rebuild and no undo promotes such a one: the store was
   * emptied, and somebody has opened it anew. false where the generation is not of this log, which is for others to mend.
   */
  isPast(projection: Projection, log: Pick<EventLog, 'bounds'>): Promise<boolean>;
}

export const createReached = (): Reached => {
  const noted = new Map<number, Checkpoint>();

  return {
    note(checkpoint) {
      const before = noted.get(checkpoint.partition);
      const isSameLog = before?.logId === checkpoint.logId && before.epoch === checkpoint.epoch;
      if (!isSameLog || before.next < checkpoint.next) noted.set(checkpoint.partition, checkpoint);
    },
    async isPast(projection, log) {
      // A batch that is under way may be stored after the checkpoints were read, and noted before they are compared.
      const before = new Map(noted);
      try {
        const { starts, bounds } = await startsNow(projection, log);
        return bounds.some(({ logId, epoch, partition, start, end }) => {
          const reached = before.get(partition);
          if (reached?.logId !== logId || reached.epoch !== epoch) return false;
          // What the log itself has lost no generation brings back.
          if (reached.next > end && noted.get(partition) === reached) noted.set(partition, { ...reached, next: end });
          return (starts.get(partition) ?? start) < Math.min(reached.next, end);
        });
      } catch (error) {
        if (error instanceof ProjectionRefused) return false;
        throw error;
      }
    },
  };
};
