import { setImmediate as nextTurn } from 'node:timers/promises';
import { createMongoClient } from '@hindcast/adapters/mongodb';
import { describe, expect, inject, it } from 'vitest';
import { startTcpRelay } from '../services/tcp-relay.ts';

const { mongodb } = inject('services');
const endsEnough = 60;
/** One answer in so many is the last of its connection. */
const answersOfOne = 20;
/** All of it takes two seconds; a command that waits without end takes longer than any time-out of the client. */
const testTimeoutMs = 40_000;

/** Lets everything through, and ends connections in order just behind an answer, as a store does that is stopped. */
const startEndingRelay = async (uri: string) => {
  const { hostname, port } = new URL(uri);
  let answers = 0;
  let ends = 0;
  const relay = await startTcpRelay({ host: hostname, port: Number(port) }, (client, upstream) => {
    client.pipe(upstream);
    upstream.on('data', (answer) => {
      answers += 1;
      if (answers % answersOfOne !== 0) return client.write(answer);
      ends += 1;
      client.end(answer);
    });
  });
  return { uri: `mongodb://127.0.0.1:${relay.port}/?directConnection=true`, ends: () => ends, stop: relay.stop };
};

describe.skipIf(!mongodb)('connections that the store ends', () => {
  it(
    'keep no command waiting without end',
    async () => {
      const relay = await startEndingRelay(mongodb ?? '');
      const client = createMongoClient(relay.uri);
      const docs = client.db('closed-connections').collection<{ _id: number; turn: number }>('docs');
      let stored = 0;
      for (let turn = 0; relay.ends() < endsEnough; turn += 1) {
        // So that commands come in each phase of the event loop behind the end of a connection.
        for (let pause = turn % 4; pause >= 0; pause -= 1) await nextTurn();
        const done = docs.updateOne({ _id: 1 }, { $set: { turn } }, { upsert: true });
        stored += await done.then(
          () => 1,
          () => 0,
        );
      }
      // The driver sends again what met an end.
      expect(stored).toBeGreaterThan(endsEnough * (answersOfOne / 2));
      await client.close();
      await relay.stop();
    },
    testTimeoutMs,
  );
});
