import { Connection } from 'mongodb/lib/cmap/connection.js';

const { cleanup } = Connection.prototype;
if (!cleanup) throw new Error('The MongoDB driver closes its connections in another way: see closed-connections.ts.');

/**
 * The driver waits without end for `drain` where a command is written into a socket that is being closed (decision 0037).
 * It closes every connection by `cleanup`, and looks for the connection's error behind that wait: who is woken gets it.
 */
Connection.prototype.cleanup = function (error) {
  cleanup.call(this, error);
  this.socket.emit('drain');
};
