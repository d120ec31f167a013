import type { Instance } from './instance.ts';

/** Brokers have the numbers 0, 1, 2. */
export interface KafkaCluster {
  /** `host:port` of each broker. */
  readonly brokers: readonly string[];
  pid(broker: number): number | undefined;
  kill(broker: number): Promise<void>;
  restart(broker: number): Promise<void>;
  freeze(broker: number): Promise<void>;
  thaw(broker: number): Promise<void>;
  stop(): Promise<void>;
}

export const kafkaClusterOf = (
  brokers: readonly string[],
  instances: readonly Instance[],
  stop: () => Promise<void>,
): KafkaCluster => {
  const at = (broker: number): Instance => {
    const instance = instances[broker];
    if (!instance) throw new Error(`There is no broker ${broker}.`);
    return instance;
  };
  return {
    brokers,
    pid: (broker) => at(broker).pid(),
    kill: (broker) => at(broker).kill(),
    restart: (broker) => at(broker).restart(),
    freeze: (broker) => at(broker).freeze(),
    thaw: (broker) => at(broker).thaw(),
    stop,
  };
};

/** All of them, or none: when one does not start, the others are stopped. */
export const startTogether = async (starts: readonly Promise<Instance>[]): Promise<Instance[]> => {
  const outcomes = await Promise.allSettled(starts);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const instances = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (!failed) return instances;
  await Promise.all(instances.map((instance) => instance.stop()));
  throw failed.reason;
};
