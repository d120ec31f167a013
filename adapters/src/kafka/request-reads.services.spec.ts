import { connect, type Socket } from 'node:net';
import { TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { brokers, newPrefix, openKafkaLog } from '../testing/open-kafka-log.ts';

const nobody = { host: '127.0.0.1', port: 1 };

describe.skipIf(brokers.length === 0)('requests while Kafka is away', () => {
  it('are told so soon, and what works by itself waits longer', { timeout: 60_000 }, async () => {
    const sockets = new Set<Socket>();
    let away = false;
    const log = await openKafkaLog(newPrefix(), {
      requestReadTimeoutMs: 500,
      callTimeoutMs: 6_000,
      connectTimeoutMs: 500,
      dial: ({ host, port, onConnect }) => {
        const socket = connect(away ? nobody : { host, port }, onConnect);
        sockets.add(socket);
        return socket;
      },
    });
    expect(await log.requestReads.bounds(TOPICS.models)).toEqual(await log.bounds(TOPICS.models));
    away = true;
    for (const socket of sockets) socket.destroy();

    const began = performance.now();
    const waiting = log
      .bounds(TOPICS.models)
      .catch((error: unknown) => ({ error, waitedMs: performance.now() - began }));
    await expect(log.requestReads.bounds(TOPICS.models)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(
      log.requestReads.read({ topic: TOPICS.models, partition: 0, from: 0 })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(await waiting).toMatchObject({
      error: { code: 'unavailable' },
      waitedMs: expect.toSatisfy((ms) => ms > 5_000),
    });
    await log.stop();
  });
});
