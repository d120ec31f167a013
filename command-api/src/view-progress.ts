import {
  type Checkpoint,
  type Clock,
  claimKeptMs,
  type EventLog,
  type Logger,
  type PartitionBounds,
  startRounds,
  TOPICS,
  type ViewReader,
} from '@hindcast/domain';

/** How far the view of predictions has come, told as a time. */
export interface ViewProgress {
  /** The view knows all that was in the log at this time, by the clock of `performance.now`. */
  knownAt(): number;
}

export interface OpenViewProgress extends ViewProgress {
  stop(): Promise<void>;
}

const lookMs = 2_000;
/** Older ones say no more than that it is too long ago. */
const looksMax = claimKeptMs / lookMs;

interface Look {
  readonly at: number;
  readonly ends: readonly PartitionBounds[];
}

/** Keeps where the log ended at each look, until the view has passed it; and of those the last, since a store may lose it again. */
export const createViewTimes = (clock: Clock) => {
  let looks: readonly Look[] = [];
  let known: Look | undefined;
  return {
    knownAt: () => known?.at ?? Number.NEGATIVE_INFINITY,
    async look(ends: () => Promise<readonly PartitionBounds[]>, checkpoints: () => Promise<readonly Checkpoint[]>) {
      const at = clock();
      looks = [...looks.slice(1 - looksMax), { at, ends: await ends() }];
      const passed = await checkpoints();
      const all = known ? [known, ...looks] : looks;
      const last = all.findLastIndex((look) => look.ends.every((bounds) => isPassed(bounds, passed)));
      known = all[last];
      if (known) looks = all.slice(last + 1);
    },
  };
};

export const isPassed = (
  { logId, epoch, partition, end }: PartitionBounds,
  checkpoints: readonly Checkpoint[],
): boolean =>
  end === 0 ||
  checkpoints.some(
    (one) => one.logId === logId && one.epoch === epoch && one.partition === partition && one.next >= end,
  );

/** Answers after the first look. */
export const openViewProgress = async (ports: {
  readonly log: Pick<EventLog, 'bounds'>;
  readonly views: Pick<ViewReader, 'checkpoints'>;
  readonly logger: Logger;
}): Promise<OpenViewProgress> => {
  const { log, views, logger } = ports;
  const times = createViewTimes(() => performance.now());
  const rounds = startRounds(
    () =>
      times.look(
        () => log.bounds(TOPICS.predictions),
        () => views.checkpoints('prediction-status'),
      ),
    {
      pauseMs: lookMs,
      logger,
      failure: 'It cannot be read how far the view is: in some minutes requests under keys will wait for it.',
    },
  );
  await rounds.first;
  return { knownAt: times.knownAt, stop: rounds.stop };
};
