import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** What a body that may take long must bring all the same. */
export const slowBodyBytesPerSecondMin = 32_768;

const uploads = new WeakMap<Socket, IncomingMessage>();

/** The body of this request may take longer than a request may, for as long as it keeps coming. */
export const allowSlowBody = ({ raw }: FastifyRequest): void => {
  uploads.set(raw.socket, raw);
};

/**
 * Whether the request on this socket goes on although its time is over: Node itself looks at it no more, so from now on
 * its pace is looked at every `everyMs`, and `cut` called where that is too low.
 */
export const goesOnSlowly = (socket: Socket, everyMs: number, cut: () => void): boolean => {
  const upload = uploads.get(socket);
  if (!upload || upload.complete) return false;
  const bytesMin = (slowBodyBytesPerSecondMin * everyMs) / 1_000;
  let before = socket.bytesRead;
  const looking = setInterval(() => {
    const tooSlow = socket.bytesRead - before < bytesMin;
    before = socket.bytesRead;
    if (!tooSlow && !upload.complete && !socket.destroyed) return;
    clearInterval(looking);
    if (!upload.complete) cut();
  }, everyMs);
  looking.unref();
  return true;
};
