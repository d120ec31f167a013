import { LogError, TOPICS, type Topic } from '@hindcast/domain';
import type { Admin } from 'kafkajs';
import { type TopicWishes, topicSettings, type WantedTopic } from './topic-settings.ts';

/** Topics without which what is left of a log means something else: what was asked, and of which models. */
const carrying: readonly Topic[] = [TOPICS.predictions, TOPICS.models];
/** Whether a log may go on where somebody has put an empty topic in the place of this one. */
export const mayBeginAnew = (topic: string): boolean => !carrying.some((one) => topic.endsWith(one));

/** How to replace what is left of such a topic. Nothing where nobody may. */
export const howToBeginAnew = (topic: string): string =>
  mayBeginAnew(topic)
    ? ' Where what the topic holds may be lost, stop every process of this log, delete the topic, and start one process: it says how to make the topic again.'
    : '';

/** Brokers hear of new topics one after the other. */
const looksMax = 4;
const lookMs = 250;

/**
 * Those of the topics that are missing beside others that have records. The first start of a log makes all its topics before it
 * writes into one, so that a start which was broken off is not taken for a loss.
 */
export const findLostTopics = async (admin: Admin, names: readonly string[]): Promise<readonly string[]> => {
  for (let look = 1; ; look++) {
    const all = new Set(await admin.listTopics());
    const missing = names.filter((name) => !all.has(name));
    if (missing.length === 0 || missing.length === names.length) return [];
    // What is missing in this look and not in the one before was looked for after a record was seen.
    if (look === looksMax) return missing;
    const there = names.filter((name) => all.has(name));
    const offsets = await Promise.all(there.map((name) => admin.fetchTopicOffsets(name)));
    if (offsets.flat().every(({ high }) => high === '0')) return [];
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
};

const isOfJobs = (name: string): boolean => name.endsWith(TOPICS.jobs);

/** @param counts partitions of the topics that are there */
export const topicsLost = (
  wanted: readonly WantedTopic[],
  counts: ReadonlyMap<string, number>,
  lost: readonly string[],
  wishes: TopicWishes,
): LogError => {
  const are = lost.length === 1 ? 'topic is' : 'topics are';
  const replaceable = lost.every(mayBeginAnew) ? ` ${howToReplace(wanted.map(asTheLog(counts)), lost, wishes)}` : '';
  return new LogError(
    'foreign_log',
    `The log is not whole: the ${are} missing, and others of it have records: ${lost.join(', ')}. Deleted topics do not come back by ` +
      `themselves, and nothing was made in their place. Restore them, or begin a new log under another topic prefix.${replaceable}`,
  );
};

/**
 * What this process was told counts for a log that has yet to begin. How many partitions lost jobs had nobody knows any more, a
 * log that was copied has them in one: they get as many as predictions have, to be shared between as many processes.
 */
const asTheLog =
  (counts: ReadonlyMap<string, number>) =>
  ({ name, partitions }: WantedTopic): WantedTopic => {
    const predictions = [...counts].find(([other]) => other.endsWith(TOPICS.predictions))?.[1];
    return { name, partitions: isOfJobs(name) ? (predictions ?? partitions) : partitions };
  };

/** Somebody who does that has decided it. */
const howToReplace = (wanted: readonly WantedTopic[], lost: readonly string[], wishes: TopicWishes): string => {
  const configs = Object.entries(topicSettings(wishes)).map(([setting, value]) => `--config ${setting}=${value}`);
  const commands = wanted
    .filter(({ name }) => lost.includes(name))
    .map(
      ({ name, partitions }) =>
        `kafka-topics.sh --bootstrap-server HOST:PORT --create --topic ${name} --partitions ${partitions} ` +
        `--replication-factor ${wishes.replicationFactor} ${configs.join(' ')}`,
    );
  const ofJobs = lost.some(isOfJobs) ? ' Jobs may have any number of partitions.' : '';
  return `Where what they held may be lost, stop every process of this log, make them yourself, and start the processes: the log goes on with them empty.${ofJobs} ${commands.join('; ')}`;
};
