import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Logger } from '@hindcast/domain';
import {
  type Admin,
  type Broker,
  type Cluster,
  type ISocketFactory,
  Kafka,
  logLevel,
  PartitionAssigners,
} from 'kafkajs';
import { withDeadline } from './deadline.ts';
import type { KafkaAddress, KafkaLogBounds } from './event-log-options.ts';
import type { GroupBroker } from './group-protocol.ts';
import { failureOf } from './kafka-failure.ts';
import { guardKafkaJs } from './kafkajs-guards.ts';
import { nextTurn } from './pauses.ts';

const keepAliveMs = 60_000;
/** kafkajs tries again only so that a first connection finds a broker that lives; all else is tried again by who asks. */
const kafkaJsRetry = { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 };

/** Connections of its own to every broker. Whoever holds requests back, such as a consumer, needs its own link. */
export interface KafkaLink {
  readonly cluster: Cluster;
  admin(): Admin;
  /** Loads brokers and leaders where that was not done yet. */
  prepare(): Promise<void>;
  /** Id of the broker that leads the partition, `-1` where none does. */
  leaderOf(topic: string, partition: number): string;
  /** How many partitions the topic has by what was heard last, 0 where nothing was. */
  partitionsOf(topic: string): number;
  /** Sends a request to a broker by its id. `heldMs`: how long the broker may hold the answer back. */
  ask<T>(nodeId: string, request: (broker: Broker) => Promise<T>, heldMs?: number): Promise<T>;
  /** Sends a request to the coordinator of a group. */
  askCoordinator<T>(groupId: string, request: (broker: GroupBroker) => Promise<T>, heldMs?: number): Promise<T>;
  /** After a failed request: forgets connections that owe an answer, and looks for the leaders again. Never rejects. */
  recover(error: unknown): Promise<void>;
  close(): Promise<void>;
}

export interface KafkaLinkOptions extends KafkaAddress, Pick<KafkaLogBounds, 'requestTimeoutMs' | 'connectTimeoutMs'> {
  readonly topics: readonly string[];
  readonly logger: Logger;
}

const dialDirectly: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  socket.setNoDelay(true);
  return socket;
};

/** The only public way to a cluster of kafkajs is the argument that it gives to the assigners of a consumer. */
const clusterOf = (kafka: Kafka): Cluster => {
  const clusters: Cluster[] = [];
  kafka.consumer({
    groupId: 'never-joined',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (config) => {
        clusters.push(config.cluster);
        return PartitionAssigners.roundRobin(config);
      },
    ],
  });
  const [cluster] = clusters;
  if (!cluster) throw new Error('kafkajs made no cluster: another version than 2.2.4 is installed.');
  return cluster;
};

export const openKafkaLink = (options: KafkaLinkOptions): KafkaLink => {
  guardKafkaJs();
  const { brokers, clientId, ssl, sasl, dial = dialDirectly, topics, logger } = options;
  const sockets = new Set<Socket>();
  let closed = false;
  const socketFactory: ISocketFactory = (to) => {
    if (closed) throw new Error('The log is closed');
    const socket = dial(to);
    sockets.add(socket);
    // kafkajs forgets a socket that it ends, would still take in what comes over it, and ends it more than once.
    socket.end = () => socket.destroy();
    socket.unref = () => socket;
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl === undefined ? {} : { ssl }),
    // kafkajs writes into what it is given how it logs in, with the password of then.
    ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    socketFactory,
    connectionTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    retry: kafkaJsRetry,
    logLevel: logLevel.WARN,
    // Every failure reaches whoever asked, who tells of it once and in terms of the log.
    logCreator:
      () =>
      ({ namespace, log: { message, timestamp: _, ...fields } }) =>
        logger.debug({ ...fields, kafkajs: namespace }, message),
  });
  const cluster = clusterOf(kafka);

  const coordinators = new Map<string, Promise<Broker>>();
  /** Later than kafkajs gives up itself: after a connection was made and a request was answered. */
  const silentMs = 2 * (options.requestTimeoutMs + options.connectTimeoutMs);
  const cut = (reason: string): void => {
    for (const socket of sockets) socket.destroy(new Error(reason));
  };

  const partitionsIn = (topic: string) => {
    try {
      return cluster.findTopicPartitionMetadata(topic);
    } catch {
      return [];
    }
  };

  return {
    cluster,
    admin: () => kafka.admin(),
    prepare: () => cluster.addMultipleTargetTopics([...topics]),
    leaderOf: (topic, partition) =>
      String(partitionsIn(topic).find(({ partitionId }) => partitionId === partition)?.leader ?? -1),
    partitionsOf: (topic) => partitionsIn(topic).length,
    ask: (nodeId, request, heldMs = 0) => withDeadline(silentMs + heldMs, cluster.findBroker({ nodeId }).then(request)),
    askCoordinator: async (groupId, request, heldMs = 0) => {
      const known = coordinators.get(groupId) ?? cluster.findGroupCoordinator({ groupId });
      coordinators.set(groupId, known);
      try {
        const answer = known.then((broker) => request(broker as GroupBroker));
        return await withDeadline(silentMs + heldMs, answer);
      } catch (error) {
        coordinators.delete(groupId);
        throw error;
      }
    },
    recover: async (error) => {
      if (closed) return;
      if (failureOf(error).timedOut) {
        cut('The connection owes an answer.');
        // Until kafkajs has heard of that it would send the next request there.
        await nextTurn();
      }
      try {
        await cluster.addMultipleTargetTopics([...topics]);
        await cluster.refreshMetadata();
      } catch {
        // The next request fails too, and its caller counts that.
      }
    },
    close: async () => {
      closed = true;
      cut('The log is closed.');
      await cluster.disconnect();
    },
  };
};
