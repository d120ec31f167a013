import { LogError, recordBytesMax } from '@hindcast/domain';

/** A batch is at most what is sent of one partition at a time and one record more, with Kafka's own bytes around them. */
const messageBytesMin = 2 * recordBytesMax + 65_536;

export interface TopicWishes {
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
}

export interface WantedTopic {
  readonly name: string;
  /** Of a topic that is not there yet. */
  readonly partitions: number;
}

/** What a topic of a log is created with. */
export const topicSettings = ({ minInsyncReplicas }: TopicWishes): Readonly<Record<string, string>> => ({
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'LogAppendTime',
  'compression.type': 'producer',
  'max.message.bytes': String(messageBytesMin),
  'min.insync.replicas': String(minInsyncReplicas),
  'unclean.leader.election.enable': 'false',
});

export const timestampSetting = 'message.timestamp.type';

/** What a topic is created with while a log is copied into it, whose records bring the times that they were stored at. */
export const copySettings = (wishes: TopicWishes): Readonly<Record<string, string>> => ({
  ...topicSettings(wishes),
  [timestampSetting]: 'CreateTime',
});

/** Why each of them must be so, for whoever has to change it. */
const reasons: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compaction would take records out of the middle of the log',
  'retention.ms': 'the log would forget predictions after that time',
  'retention.bytes': 'the log would forget predictions beyond that size',
  'message.timestamp.type': 'deadlines are counted on the clock of the broker',
  'compression.type': 'Hindcast reads no compression but its own',
  'max.message.bytes': 'Kafka would refuse records that Hindcast accepts',
  'min.insync.replicas': 'an acknowledged prediction could be lost with one broker',
  'unclean.leader.election.enable': 'a broker that missed records could become leader and lose them',
};

const numeric: ReadonlySet<string> = new Set(['max.message.bytes', 'min.insync.replicas']);

export interface ActualTopic {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Of each partition. */
  readonly replicas: readonly number[];
}

/** The half of a copy is kept from being taken for a log by its times alone: nobody is told how to change those. */
const wayOut = (name: string, wrong: readonly string[], wishes: TopicWishes): string => {
  const wanted = topicSettings(wishes);
  if (
    wrong.includes(timestampSetting) &&
    wrong.every((setting) => setting === timestampSetting || numeric.has(setting))
  )
    return '`npx hindcast migrate` makes such topics while it copies a log to them, and has not finished: run it again.';
  const changes = wrong.map((setting) => `${setting}=${wanted[setting]}`).join(',');
  return `To change it: kafka-configs.sh --bootstrap-server HOST:PORT --alter --topic ${name} --add-config ${changes}`;
};

/** Throws `misconfigured`, naming every setting that is not as it must be, with what to do. */
export const checkTopicSettings = ({ name, settings, replicas }: ActualTopic, wishes: TopicWishes): void => {
  const wrong = Object.entries(topicSettings(wishes)).filter(([setting, wanted]) => {
    const actual = settings[setting];
    if (actual === undefined) return true;
    return numeric.has(setting) ? Number(actual) < Number(wanted) : actual !== wanted;
  });
  if (wrong.length > 0) {
    const facts = wrong.map(
      ([setting, wanted]) =>
        `${setting} is ${settings[setting] ?? 'not reported by the broker'} and must be ${numeric.has(setting) ? 'at least ' : ''}${wanted}: ${reasons[setting]}.`,
    );
    throw new LogError(
      'misconfigured',
      `The topic ${name} cannot hold a log. ${facts.join(' ')} ${wayOut(
        name,
        wrong.map(([setting]) => setting),
        wishes,
      )}`,
    );
  }
  const fewest = Math.min(...replicas);
  if (fewest < wishes.replicationFactor) {
    throw new LogError(
      'misconfigured',
      `The topic ${name} has ${fewest} replicas, and ${wishes.replicationFactor} are asked for. Add replicas with kafka-reassign-partitions.sh, or ask for ${fewest} with HINDCAST_REPLICATION_FACTOR.`,
    );
  }
};
