import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range that systems take outgoing ports from: a service that is killed and started again finds its port free,
 * and nobody who dials a dead one is connected to himself.
 */
const lowest = 12_000;
const highest = 32_000;
const triesMax = 200;

const listenOn = async (port: number) => {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** Different ports that nobody listens on, on the loopback interface. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = new Map<number, ReturnType<typeof createServer>>();
  try {
    for (let tries = 0; servers.size < count; tries += 1) {
      if (tries >= triesMax) throw new Error(`No ${count} free ports between ${lowest} and ${highest}.`);
      const port = lowest + Math.floor(Math.random() * (highest - lowest));
      const server = await listenOn(port).catch(() => undefined);
      if (server) servers.set(port, server);
    }
    return [...servers.keys()];
  } finally {
    for (const server of servers.values()) server.close();
  }
};
