export interface KafkaNode {
  /** 1, 2, 3, … */
  readonly id: number;
  readonly listeners: string;
  readonly advertisedListeners: string;
  /** Controller quorum of the whole cluster: `1@host:port,…`. */
  readonly voters: string;
  readonly clusterSize: number;
  readonly dataFolder: string;
}

/**
 * Settings of a broker that is its own controller. Three of them keep every record twice before they acknowledge it;
 * everything else is what makes a small broker start fast and a broker of tests strict.
 */
export const kafkaProperties = (node: KafkaNode): Readonly<Record<string, string | number>> => {
  const copies = node.clusterSize;
  const copiesToAcknowledge = Math.max(1, copies - 1);
  return {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': node.voters,
    listeners: node.listeners,
    'advertised.listeners': node.advertisedListeners,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'BROKER',
    'log.dirs': node.dataFolder,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'default.replication.factor': copies,
    'min.insync.replicas': copiesToAcknowledge,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': copiesToAcknowledge,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': copiesToAcknowledge,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': 2_097_152,
  };
};

/** Any 16 bytes in base64url do. */
export const kafkaClusterId = '4L6g3nShT-eMCtK--X86sw';
