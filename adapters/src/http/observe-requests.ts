import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Told of an answer of one method and route. `ms` is undefined where its time says nothing of this process. */
export type AnswerObserver = (status: number, ms: number | undefined) => void;

/**
 * Asked once for each method and route that is answered, by the pattern of the route and never by a path. Both are
 * undefined for what no route answers: clients choose such methods and paths freely.
 */
export type RequestObserver = (method: string | undefined, route: string | undefined) => AnswerObserver;

/** Answers that last as long as something happens, or as their client reads, are marked for proxies. */
const streamMark = 'x-accel-buffering';

/** Requests that come before the server listens are the process's own, and are not told of. */
export const observeRequests = (app: FastifyInstance, observe: RequestObserver): void => {
  const unknown = observe(undefined, undefined);
  /** By what Fastify keeps for a route as long as that lives, so that a request costs two look-ups. */
  const routes = new WeakMap<object, Map<string, AnswerObserver>>();
  const observerOf = ({ method, routeOptions: { config, url } }: FastifyRequest): AnswerObserver => {
    if (url === undefined) return unknown;
    const methods = routes.get(config) ?? new Map<string, AnswerObserver>();
    const before = methods.get(method);
    if (before) return before;
    const observer = observe(method, url);
    routes.set(config, methods.set(method, observer));
    return observer;
  };
  app.addHook('onResponse', (request, reply, done) => {
    if (app.server.listening)
      observerOf(request)(reply.statusCode, isTimed(request, reply) ? reply.elapsedTime : undefined);
    done();
  });
};

/** Who asks with `Prefer: wait` has its answer when a prediction or a job has ended, or when it wished to wait no longer. */
const isTimed = ({ headers }: FastifyRequest, reply: FastifyReply): boolean =>
  !reply.hasHeader(streamMark) && !headers['prefer']?.includes('wait');
