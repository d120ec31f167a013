import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type KafkaLink, openKafkaLink } from './kafka-link.ts';

interface Encoder {
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeString(value: string): Encoder;
  writeArray(values: readonly unknown[], type?: string): Encoder;
  readonly buffer: Buffer;
}
const KafkaEncoder = createRequire(import.meta.url)('kafkajs/src/protocol/encoder') as new () => Encoder;
const apiVersionsKey = 18;

/** Two brokers that know of one partition, and who leads it. Of Kafka's protocol they speak what a look at the brokers needs. */
const cluster = { leader: 1, ports: [0, 0], frozen: new Set<number>() };
const answerTo = (apiKey: number): Encoder => {
  if (apiKey === apiVersionsKey) {
    const apis = [3, apiVersionsKey].map((key) => new KafkaEncoder().writeInt16(key).writeInt16(0).writeInt16(0));
    return new KafkaEncoder().writeInt16(0).writeArray(apis);
  }
  const brokers = cluster.ports.map((port, at) =>
    new KafkaEncoder()
      .writeInt32(at + 1)
      .writeString('127.0.0.1')
      .writeInt32(port),
  );
  const partition = new KafkaEncoder().writeInt16(0).writeInt32(0).writeInt32(cluster.leader);
  partition.writeArray([1, 2], 'int32').writeArray([1, 2], 'int32');
  const topic = new KafkaEncoder().writeInt16(0).writeString('t').writeArray([partition]);
  return new KafkaEncoder().writeArray(brokers).writeArray([topic]);
};

const startBroker = async (id: number): Promise<Server> => {
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const request = received.subarray(4, 4 + received.readInt32BE(0));
        received = received.subarray(4 + request.length);
        if (cluster.frozen.has(id)) continue;
        const body = new KafkaEncoder().writeInt32(request.readInt32BE(4)).buffer;
        const answer = Buffer.concat([body, answerTo(request.readInt16BE(0)).buffer]);
        socket.write(Buffer.concat([new KafkaEncoder().writeInt32(answer.length).buffer, answer]));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cluster.ports[id - 1] = (server.address() as AddressInfo).port;
  return server;
};

let servers: readonly Server[] = [];
let link: KafkaLink | undefined;
afterEach(async () => {
  await link?.close();
  for (const server of servers) server.close();
});

it('leaves a leader that is frozen for the one that is elected then', async () => {
  servers = await Promise.all([startBroker(1), startBroker(2)]);
  const brokers = cluster.ports.map((port) => `127.0.0.1:${port}`);
  const opened = openKafkaLink({
    ...{ brokers, clientId: 'spec', topics: ['t'], requestTimeoutMs: 100, connectTimeoutMs: 100 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  link = opened;
  const ask = (id: string) => opened.ask(id, (broker) => broker.metadata(['t']));
  await opened.prepare();
  await Promise.all(['1', '2'].map(ask));
  expect([opened.leaderOf('t', 0), opened.partitionsOf('t')]).toEqual(['1', 1]);
  cluster.frozen.add(1);
  cluster.leader = 2;
  // kafkajs takes any broker to ask for the leaders, also the frozen one.
  for (let round = 0; round < 40 && opened.leaderOf('t', 0) === '1'; round++) {
    await ask('1').catch(opened.recover);
  }
  expect(opened.leaderOf('t', 0)).toBe('2');
});
