import type { EventLog, ProjectionName, Topic, ViewReader } from '@hindcast/domain';
import { TOPICS } from '@hindcast/domain';

export const topicOf: Readonly<Record<ProjectionName, Topic>> = {
  'prediction-status': TOPICS.predictions,
  models: TOPICS.models,
};

export interface PartitionLag {
  readonly partition: number;
  readonly epoch: number;
  readonly logId: string;
  /** First offset that the view has not folded. */
  readonly next: number;
  readonly end: number;
  readonly lag: number;
}

/** How many records of each partition a view has not folded yet. A checkpoint of another log counts for nothing. */
export const viewLag = async (
  log: Pick<EventLog, 'bounds'>,
  views: Pick<ViewReader, 'checkpoints'>,
  projection: ProjectionName,
): Promise<readonly PartitionLag[]> => {
  const [bounds, checkpoints] = await Promise.all([log.bounds(topicOf[projection]), views.checkpoints(projection)]);
  const nextOf = new Map(checkpoints.map(({ logId, partition, next }) => [`${logId}/${partition}`, next]));
  return bounds.map(({ logId, epoch, partition, start, end }) => {
    const next = nextOf.get(`${logId}/${partition}`) ?? start;
    return { partition, epoch, logId, next, end, lag: Math.max(0, end - next) };
  });
};

export const totalLag = (partitions: readonly PartitionLag[]): number =>
  partitions.reduce((sum, { lag }) => sum + lag, 0);
