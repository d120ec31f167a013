import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { newDeafSocket } from '../testing/deaf-socket.ts';
import { openKafkaLink } from './kafka-link.ts';

it('opens no connection any more once it is closed', async () => {
  const sockets: Socket[] = [];
  const link = openKafkaLink({
    ...{ brokers: ['broker:9092'], clientId: 'spec', topics: ['topic'], requestTimeoutMs: 50, connectTimeoutMs: 50 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    dial: () => {
      const socket = newDeafSocket();
      sockets.push(socket);
      return socket;
    },
  });
  const asked = link.prepare().then(
    () => 'answered',
    () => 'refused',
  );
  await expect.poll(() => sockets).toHaveLength(1);
  await link.close();
  expect(await asked).toBe('refused');
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
});
