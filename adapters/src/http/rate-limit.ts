import type { RateLimits } from '@hindcast/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientOf } from './client-address.ts';
import { problem } from './problem.ts';

export interface RateLimiting {
  readonly limits: RateLimits;
  /** Requests of one client address in a minute. */
  readonly requestsMax: number;
}

const windowMs = 60_000;
const windowSeconds = windowMs / 1_000;

/** The API with its short names, without what balancers and monitors ask. */
export const isRateLimited = (url: string): boolean =>
  /^\/(?:v[12](?:\/(?!health\/)|$)|predict$|getResults$)/.test(url);

/**
 * Counts a request, and refuses one too many with `rate-limited`. Until the server listens its requests are the process's
 * own, and are not counted.
 */
export const rateLimitHook = (
  { limits, requestsMax }: RateLimiting,
  isListening: () => boolean,
): ((request: FastifyRequest, reply: FastifyReply) => Promise<void>) => {
  const policy = `"default";q=${requestsMax};w=${windowSeconds}`;
  return async ({ ip }, reply) => {
    if (!isListening()) return;
    const { allowed, remaining, resetMs } = await limits.take(clientOf(ip), 1, { limit: requestsMax, windowMs });
    const seconds = Math.ceil(resetMs / 1_000);
    const headers = { 'ratelimit-policy': policy, ratelimit: `"default";r=${remaining};t=${seconds}` };
    void reply.headers(headers);
    if (allowed) return;
    const retryAfter = String(Math.max(1, seconds));
    throw problem('rate-limited', `At most ${requestsMax} requests a minute are answered to one address.`, {
      headers: { 'retry-after': retryAfter },
    });
  };
};
