import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

interface Connection {
  isConnected(): boolean;
  connect(): Promise<unknown>;
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
 */
const guardConnections = (): void => {
  const { prototype } = load('kafkajs/src/network/connection') as { readonly prototype: Connection };
  const connect = prototype.connect;
  const connecting = new WeakMap<Connection, Promise<unknown>>();
  prototype.connect = function (this: Connection) {
    const under = connecting.get(this);
    if (under) return under;
    if (!this.isConnected()) {
      this.chunks = [];
      this.bytesBuffered = 0;
      this.bytesNeeded = sizeBytes;
    }
    const begun = connect.call(this).finally(() => connecting.delete(this));
    connecting.set(this, begun);
    return begun;
  };
};

/** Mends what is wrong in kafkajs 2.2.4, for this process. */
export const guardKafkaJs = (): void => {
  if (guarded) return;
  guarded = true;
  guardIdleTimers();
  guardConnections();
};
