import {
  type AppendOutcome,
  decode,
  LogError,
  type LogOpened,
  type NewId,
  type NewRecord,
  openingRecord,
  type RecordedRecord,
  TOPICS,
  type Topic,
} from '@hindcast/domain';
import type { LogIdentity } from './event-log-options.ts';
import type { LogReading } from './log-reading.ts';
import { howToBeginAnew, mayBeginAnew } from './lost-topics.ts';

export interface LogIdentityOptions {
  readonly reading: LogReading;
  /** As Kafka has them. */
  readonly partitions: ReadonlyMap<Topic, number>;
  readonly append: (topic: Topic, records: readonly NewRecord[]) => Promise<AppendOutcome[]>;
  readonly beforeMade?: ((log: LogIdentity | undefined) => Promise<void>) | undefined;
  readonly now: () => number;
  readonly newId: NewId;
}

/** Of a refusal to make what is missing nothing is left where another process has made it since. */
export const unlessMadeMeanwhile = async (
  refuse: () => Promise<void> | undefined,
  isMade: () => Promise<boolean>,
): Promise<void> => {
  try {
    await refuse();
  } catch (error) {
    if (!(await isMade())) throw error;
  }
};

/** Whose first record says which log this is. */
const firstTopic: Topic = TOPICS.predictions;

const openingIn = (record: RecordedRecord | undefined): LogOpened['data'] | undefined => {
  const decoded = record && decode(record);
  return decoded?.ok && decoded.event.type === 'LogOpened' ? decoded.event.data : undefined;
};
const openingOf = (record: RecordedRecord | undefined, topic: Topic, partition: number): LogOpened['data'] => {
  const opened = openingIn(record);
  if (opened) return opened;
  throw new LogError(
    'foreign_log',
    `Partition ${partition} of topic ${topic} does not begin with a LogOpened: it was not made by Hindcast, or was made anew while processes of the log ran. Use another topic prefix.${howToBeginAnew(topic)}`,
  );
};

/**
 * Opens what is empty and answers the identity of the log. Processes may do so at the same time: the first record of the
 * first partition decides, every other partition is opened in its name, and of two openings of a partition the later one
 * is a record without effect.
 */
export const establishIdentity = async (options: LogIdentityOptions): Promise<LogIdentity> => {
  const { reading, partitions, append, beforeMade, now, newId } = options;

  const emptyOf = async (topic: Topic): Promise<readonly number[]> => {
    const ranges = await reading.offsets(topic, partitions.get(topic) ?? 0);
    for (const [partition, { start }] of ranges.entries()) {
      if (start === 0) continue;
      throw new LogError(
        'foreign_log',
        `Partition ${partition} of topic ${topic} begins at offset ${start}: the records before it are gone. A log without its beginning cannot be replayed; restore it, or begin a new one under another topic prefix.`,
      );
    }
    return [...ranges.keys()].filter((partition) => ranges[partition]?.end === 0);
  };
  const open = async (topic: Topic, those: readonly number[], { logId, epoch }: LogIdentity): Promise<void> => {
    const count = partitions.get(topic) ?? 0;
    const records = those.map((partition) =>
      openingRecord({ logId, epoch, partition, partitions: count, id: newId(), at: now() }),
    );
    for (const outcome of await append(topic, records)) if (!outcome.ok) throw outcome.error;
  };
  const readOpening = async (topic: Topic, partition: number): Promise<LogOpened['data']> =>
    openingOf((await reading.fetch(topic, partition, 0))[0], topic, partition);

  const refuseRegrown = (topic: Topic, opened: LogOpened['data']): void => {
    const count = partitions.get(topic) ?? 0;
    if (opened.partitions === count) return;
    throw new LogError(
      'foreign_log',
      `Topic ${topic} was made with ${opened.partitions} partitions and has ${count} now: keys would move between partitions. Kafka cannot take partitions away: copy the log to a new topic prefix.`,
    );
  };
  const check = async (topic: Topic, identity: LogIdentity): Promise<void> => {
    const count = partitions.get(topic) ?? 0;
    for (let partition = 0; partition < count; partition++) {
      const opened = await readOpening(topic, partition);
      if (opened.logId !== identity.logId || opened.epoch !== identity.epoch || opened.partition !== partition) {
        throw new LogError(
          'foreign_log',
          `Partition ${partition} of topic ${topic} belongs to log ${opened.logId} (epoch ${opened.epoch}), and partition 0 of ${firstTopic} to log ${identity.logId} (epoch ${identity.epoch}): one of the topics was made anew.`,
        );
      }
      refuseRegrown(topic, opened);
    }
  };

  /** Whether there is more than openings, of which a partition may have one from each process that starts. */
  const isUsed = async (topic: Topic): Promise<boolean> => {
    const ranges = await reading.offsets(topic, partitions.get(topic) ?? 0);
    for (const [partition, { end }] of ranges.entries()) {
      const [newest] = end > 1 ? await reading.fetch(topic, partition, end - 1) : [];
      const decoded = newest && decode(newest);
      if (decoded && !(decoded.ok && decoded.event.type === 'LogOpened')) return true;
    }
    return false;
  };
  const isLost = (topic: Topic, what: string): LogError =>
    new LogError(
      'foreign_log',
      `${what}: it was deleted, or another one was put in its place. Nothing was changed. Restore it, or begin a new log under another topic prefix.${howToBeginAnew(topic)}`,
    );
  /** All partitions are opened before the first record of anything else. Looked at again behind the others: another process may be opening them. */
  const refuseLostBeginning = async (): Promise<void> => {
    for (const topic of partitions.keys()) {
      const isBegun = topic !== firstTopic && (await emptyOf(topic)).length < (partitions.get(topic) ?? 0);
      if (isBegun && (await emptyOf(firstTopic)).includes(0))
        throw isLost(firstTopic, `Partition 0 of topic ${firstTopic} is empty, and topic ${topic} is not`);
    }
  };
  const refuseLost = async (topic: Topic, empty: readonly number[]): Promise<void> => {
    const isWhole = empty.length === partitions.get(topic);
    if ((isWhole && mayBeginAnew(topic)) || !(await isUsed(firstTopic))) return;
    const still = await emptyOf(topic);
    if (still.length === 0) return;
    const opened = still.includes(0) ? undefined : openingIn((await reading.fetch(topic, 0, 0))[0]);
    if (opened) refuseRegrown(topic, opened);
    const which = isWhole ? `Topic ${topic}` : `Partition ${still.join(', ')} of topic ${topic}`;
    throw isLost(topic, `${which} is empty, and the log is not`);
  };

  if ((await emptyOf(firstTopic)).includes(0)) {
    await refuseLostBeginning();
    const isMade = async () => !(await emptyOf(firstTopic)).includes(0);
    await unlessMadeMeanwhile(() => beforeMade?.(undefined), isMade);
    if (!(await isMade())) await open(firstTopic, [0], { logId: newId(), epoch: 0 });
  }
  const { logId, epoch } = await readOpening(firstTopic, 0);
  const identity = { logId, epoch };
  for (const topic of partitions.keys()) {
    const empty = await emptyOf(topic);
    if (empty.length > 0) {
      await refuseLost(topic, empty);
      await unlessMadeMeanwhile(
        () => beforeMade?.(identity),
        async () => (await emptyOf(topic)).length === 0,
      );
      await open(topic, await emptyOf(topic), identity);
    }
    await check(topic, identity);
  }
  return identity;
};
