import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { expect, it } from 'vitest';
import { createMongoClient } from './mongo-client.ts';

/** Takes longer to compress than the server lives. */
const largeBytes = 15_000_000;
const serverEndsAfterMs = 60;

const int32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeInt32LE(value, at * 4);
  return bytes;
};

/** A store that knows how to greet, says that it unpacks zlib, and answers everything else with `ok`. */
const startGreeter = async () => {
  const sockets = new Set<Socket>();
  const greeting = {
    ...{ ok: 1, isWritablePrimary: true, helloOk: true, minWireVersion: 0, maxWireVersion: 21 },
    ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
    compression: ['zlib'],
  };
  const opQuery = 2_004;
  const answerTo = (message: Buffer): Buffer => {
    const [requestId, operation] = [message.readInt32LE(4), message.readInt32LE(12)];
    const isGreeted = operation === opQuery || /hello|ismaster/i.test(message.subarray(16, 64).toString('latin1'));
    const body = Buffer.from(BSON.serialize(isGreeted ? greeting : { ok: 1, n: 1 }));
    const head = operation === opQuery ? int32(0, 0, 0, 0, 1) : Buffer.from([0, 0, 0, 0, 0]);
    const length = 16 + head.length + body.length;
    return Buffer.concat([int32(length, 1, requestId, operation === opQuery ? 1 : 2_013), head, body]);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= held.readInt32LE(0)) {
        const size = held.readInt32LE(0);
        socket.write(answerTo(held.subarray(0, size)));
        held = held.subarray(size);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { uri: `mongodb://127.0.0.1:${address.port}/?directConnection=true&compressors=zlib`, end };
};

it('a command whose connection ends while it is compressed does not wait without end', async () => {
  const { uri, end } = await startGreeter();
  const client = createMongoClient(uri);
  const docs = client.db('a').collection('docs');
  await docs.insertOne({ small: 1 });
  const written = docs.insertOne({ large: randomBytes(largeBytes) });
  setTimeout(end, serverEndsAfterMs);
  await expect(written).rejects.toThrow(/closed|ECONNREFUSED/);
  await client.close();
});
