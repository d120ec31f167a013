import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Connects to nothing, takes what is written, and hears nothing. */
export const newDeafSocket = (): Socket =>
  new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as Socket;
