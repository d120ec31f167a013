import { Connection } from 'mongodb/lib/cmap/connection.js';

const { cleanup } = Connection.prototype;
if (!cleanup) throw new Error('The MongoDB driver closes its connections in another way: see closed-connections.ts.');

/**
 * The driver waits without end for `drain` where a command is written into a socket that is being closed, or was closed
 * while the command was compressed (decision 0037). It closes every connection by `cleanup`, and looks for the connection's
 * error behind that wait: who is woken, or does not have to wait, gets it.
 */
Connection.prototype.cleanup = function (error) {
  try {
    cleanup.call(this, error);
  } finally {
    this.socket.write = () => true;
    this.socket.emit('drain');
  }
};
