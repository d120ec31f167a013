import type { FastifyRequest } from 'fastify';
import { problem } from './problem.ts';
import { parseStrictJson } from './strict-json.ts';
import { unpackedBody } from './unpacked-body.ts';

const mediaType = 'application/json';
const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

type Done = (error: Error | null, body?: unknown) => void;

/** Reads the bytes of a JSON body, unpacked where they are compressed, to at most what the route may be sent. */
export const jsonBody = (request: FastifyRequest, bytes: string | Buffer, done: Done): void => {
  const finish = (unpacked: unknown): void => {
    request.bodyBytes = (unpacked as Buffer).length;
    try {
      done(null, request.is404 ? undefined : parseStrictJson(unpacked as Buffer, request.routeOptions.config));
    } catch (error) {
      done(error as Error);
    }
  };
  const { 'content-type': contentType, 'content-encoding': encoding } = request.headers;
  // Many clients name the type of every body, also of one that is not there: the schema says whether one is needed.
  if (bytes.length === 0) done(null);
  else if (contentType !== mediaType && !isUtf8(contentType)) done(otherCharset());
  else if (encoding === undefined || request.is404) finish(bytes);
  else unpackedBody(bytes, encoding, bytesMaxOf(request)).then(finish, done);
};

const bytesMaxOf = ({ routeOptions, server }: FastifyRequest): number =>
  routeOptions.bodyLimit ?? server.initialConfig.bodyLimit ?? 0;

const isUtf8 = (contentType: string | undefined): boolean => {
  const name = charset.exec(contentType ?? '')?.[1];
  return name === undefined || /^utf-?8$/i.test(name);
};

const otherCharset = () =>
  problem('unsupported-media-type', 'JSON is UTF-8: no other charset is read.', { headers: { accept: mediaType } });
