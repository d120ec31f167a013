/** What `closed-connections.ts` needs of a part of the driver that has no types. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';

  export class Connection {
    readonly socket: Socket;
    cleanup(error: Error): void;
  }
}
