import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

interface Connection {
  isConnected(): boolean;
  connect(): Promise<unknown>;
  disconnect(): Promise<boolean>;
  readonly socket: Socket | undefined;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
}

const load = createRequire(import.meta.url);
const sizeBytes = 4;
let guarded = false;

/**
 * After every answer a timer is set, whether requests wait or not, and that timer sets the next one: each idle connection
 * wakes the process a thousand times a second. Without waiting requests there is nothing to look at.
 */
const guardIdleTimers = (): void => {
  const { prototype } = load('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
};

/**
 * Requests that find a connection down each open a socket, and their answers then run into one buffer. And a connection
 * that broke in the middle of an answer reads the beginning of the next socket as the rest of it.
 *
 * Whoever fails to connect lets the next one try and only then disconnects, which took the next one's new socket away
 * without a word: while somebody waited, nobody connected ever again. So only what is connected is disconnected.
 *
 * A socket that closes without a word leaves a connection that seems to be there, and requests without an answer.
 */
const guardConnections = (): void => {
  const { prototype } = load('kafkajs/src/network/connection') as { readonly prototype: Connection };
  const { connect, disconnect } = prototype;
  const connecting = new WeakMap<Connection, Promise<unknown>>();

  const begin = async (connection: Connection): Promise<unknown> => {
    connection.chunks = [];
    connection.bytesBuffered = 0;
    connection.bytesNeeded = sizeBytes;
    const before = connection.socket;
    const begun = connect.call(connection);
    const { socket } = connection;
    if (!socket || socket === before) return begun;
    socket.once('close', () => {
      if (connection.socket === socket) socket.emit('error', new Error('The socket is closed'));
    });
    try {
      return await begun;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  };

  prototype.connect = function (this: Connection) {
    if (this.isConnected()) return Promise.resolve(true);
    const under = connecting.get(this);
    if (under) return under;
    const begun = begin(this).finally(() => connecting.delete(this));
    connecting.set(this, begun);
    return begun;
  };
  prototype.disconnect = function (this: Connection) {
    return this.isConnected() ? disconnect.call(this) : Promise.resolve(true);
  };
};

/** Mends what is wrong in kafkajs 2.2.4, for this process. */
export const guardKafkaJs = (): void => {
  if (guarded) return;
  guarded = true;
  guardIdleTimers();
  guardConnections();
};
