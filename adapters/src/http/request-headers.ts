import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** `Prefer: wait` may ask for no more. */
export const waitSecondsMax = 60;

const waitPreference = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i;

/**
 * `Prefer: wait=N` in seconds, at most `waitSecondsMax`. What is no such preference is passed over.
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4.3
 */
export const waitSecondsOf = ({ prefer }: IncomingHttpHeaders): number | undefined => {
  if (prefer === undefined) return undefined;
  const seconds = waitPreference.exec([prefer].flat().join(','))?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), waitSecondsMax);
};

const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The W3C trace context; one that is malformed is ignored, as the standard asks. */
export const traceparentOf = ({ traceparent }: IncomingHttpHeaders): string | undefined =>
  typeof traceparent === 'string' && traceparentForm.test(traceparent) ? traceparent : undefined;

/** Compared weakly, as If-None-Match is. */
export const noneMatch = (header: string | undefined, etag: string): boolean => {
  if (header === undefined) return true;
  if (header.trim() === '*') return false;
  return !header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
};

export const wantsHtml = ({ accept }: IncomingHttpHeaders): boolean => accept?.includes('text/html') ?? false;

/** Where the client reached this server, for requests that it can copy. */
export const originOf = ({ protocol, host }: FastifyRequest): string => `${protocol}://${host}`;
