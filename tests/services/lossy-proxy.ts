import { startTcpRelay } from './tcp-relay.ts';

/** Kafka's numbers of requests. */
const requestKeys = { produce: 0, fetch: 1 };
const sizeBytes = 4;

/** Whole messages of Kafka's protocol: a size of 32 bits, and that many bytes. */
const framesOf = (onFrame: (frame: Buffer) => void): ((chunk: Buffer) => void) => {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= sizeBytes && held.length >= sizeBytes + held.readInt32BE(0)) {
      const end = sizeBytes + held.readInt32BE(0);
      onFrame(held.subarray(0, end));
      held = held.subarray(end);
    }
  };
};

/** `silence`: the answer never comes. `cut`: the connection ends in its place. `torn`: it ends in the middle of it. */
export type Loss = 'silence' | 'cut' | 'torn';

/** Stands between a client and a broker, and can lose the broker's answer to a request that the broker has carried out. */
export interface LossyProxy {
  readonly port: number;
  /** Resolves when the next answer to a request of that kind is lost. */
  lose(request: keyof typeof requestKeys, how: Loss): Promise<void>;
  /** Lets nothing through; connections stay open. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export const startLossyProxy = async (broker: string): Promise<LossyProxy> => {
  const [host = '', port = ''] = broker.split(':');
  let armed: { readonly key: number; readonly how: Loss; readonly lost: () => void } | undefined;
  let frozen = false;

  const relay = await startTcpRelay({ host, port: Number(port) }, (client, upstream) => {
    const keyOf = new Map<number, number>();
    const onRequest = framesOf((frame) => {
      keyOf.set(frame.readInt32BE(sizeBytes + 4), frame.readInt16BE(sizeBytes));
      upstream.write(frame);
    });
    const onAnswer = framesOf((frame) => {
      const id = frame.readInt32BE(sizeBytes);
      const key = keyOf.get(id);
      keyOf.delete(id);
      if (key !== armed?.key || !armed) {
        client.write(frame);
        return;
      }
      const { how, lost } = armed;
      armed = undefined;
      if (how === 'torn') client.end(frame.subarray(0, Math.ceil(frame.length / 2)));
      else if (how === 'cut') client.destroy();
      lost();
    });
    client.on('data', onRequest);
    upstream.on('data', onAnswer);
    if (frozen) for (const socket of [client, upstream]) socket.pause();
  });

  return {
    port: relay.port,
    lose: (request, how) =>
      new Promise((lost) => {
        armed = { key: requestKeys[request], how, lost };
      }),
    freeze: () => {
      frozen = true;
      for (const socket of relay.sockets) socket.pause();
    },
    thaw: () => {
      frozen = false;
      for (const socket of relay.sockets) socket.resume();
    },
    stop: relay.stop,
  };
};
