import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Broker, ISocketFactory } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { newDeafSocket } from '../testing/deaf-socket.ts';
import { guardKafkaJs } from './kafkajs-guards.ts';

interface Pool {
  brokers: Record<string, Broker>;
  createBroker(options: object): Broker;
  findBroker(wanted: { nodeId: string }): Promise<Broker>;
}

guardKafkaJs();
const load = createRequire(import.meta.url);
const BrokerPool = load('kafkajs/src/cluster/brokerPool') as new (options: object) => Pool;
const poolOf = load('kafkajs/src/cluster/connectionPoolBuilder') as (options: object) => {
  build(at: object): Promise<{ readonly pool: readonly { isConnected(): boolean }[] }>;
};
const loggerOf = () => ({ namespace: loggerOf, debug() {}, info() {}, warn() {}, error() {} });
const logger = loggerOf();
const [nodeId, host, port] = ['1', 'broker', 9_092];
/** Longer than a test may last. */
const endlessMs = 600_000;
const connectionError = { name: 'KafkaJSConnectionError' };
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A broker of kafkajs, and the sockets that it opens: they connect to nothing, and take what is written. */
const brokerOn = async (onSocket: (socket: Socket, onConnect: () => void, nth: number) => void) => {
  const sockets: Socket[] = [];
  const socketFactory: ISocketFactory = ({ onConnect }) => {
    const socket = newDeafSocket();
    socket.end = () => socket.destroy();
    socket.unref = () => socket;
    onSocket(socket, onConnect, sockets.push(socket));
    return socket;
  };
  const timeouts = { connectionTimeout: endlessMs, requestTimeout: endlessMs, authenticationTimeout: endlessMs };
  const builder = poolOf({ socketFactory, clientId: 'spec', logger, ...timeouts });
  const brokers = new BrokerPool({ connectionPoolBuilder: builder, logger, retry: { retries: 0 } });
  const connectionPool = await builder.build({ host, port });
  const broker = brokers.createBroker({
    nodeId,
    connectionPool,
    logger,
    versions: { 3: { minVersion: 0, maxVersion: 5 } },
  });
  brokers.brokers = { [nodeId]: broker };
  return { broker, sockets, connect: () => brokers.findBroker({ nodeId }) };
};

describe('the connections of kafkajs', () => {
  it('come back for all that wait, where the first attempt failed', async () => {
    const { connect, sockets } = await brokerOn((socket, onConnect, nth) => {
      if (nth === 1) socket.destroy(new Error('refused'));
      else setImmediate(() => socket.destroyed || onConnect());
    });
    const [first, ...others] = await Promise.allSettled(Array.from({ length: 20 }, connect));
    expect(first).toMatchObject({ reason: { ...connectionError, message: 'Connection error: refused' } });
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set(['fulfilled']));
    expect(sockets).toHaveLength(2);
  });

  it('fail at once where their socket is closed without a word, and connect the next time', async () => {
    const { connect } = await brokerOn((socket, onConnect, nth) => {
      if (nth === 1) socket.destroy();
      else setImmediate(onConnect);
    });
    await expect(connect()).rejects.toMatchObject(connectionError);
    await connect();
  });

  it('leave no request without an answer where their socket is closed without a word', async () => {
    const { broker, connect, sockets } = await brokerOn((_socket, onConnect) => setImmediate(onConnect));
    await connect();
    const asked = broker.metadata([]);
    await nextTurn();
    sockets[0]?.destroy();
    await expect(asked).rejects.toMatchObject(connectionError);
    expect(broker.isConnected()).toBe(false);
    await connect();
    expect(sockets).toHaveLength(2);
  });
});
