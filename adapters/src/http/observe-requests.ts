import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface Answered {
  /** Undefined, as the route is, for what no route answers: clients choose such methods and paths freely. */
  readonly method: string | undefined;
  /** Its pattern, never a path. */
  readonly route: string | undefined;
  readonly status: number;
  /** Undefined where the time says nothing of this process. */
  readonly ms: number | undefined;
}
/** Told of each answer when it is sent. Counting is all that it may do. */
export type RequestObserver = (answered: Answered) => void;

/** Answers that last as long as something happens, or as their client reads, are marked for proxies. */
const streamMark = 'x-accel-buffering';

/** Requests that come before the server listens are the process's own, and are not told of. */
export const observeRequests = (app: FastifyInstance, observe: RequestObserver): void => {
  app.addHook('onResponse', (request, reply, done) => {
    if (app.server.listening) {
      const { url: route } = request.routeOptions;
      const method = route === undefined ? undefined : request.method;
      const ms = isTimed(request, reply) ? reply.elapsedTime : undefined;
      observe({ method, route, status: reply.statusCode, ms });
    }
    done();
  });
};

/** Who asks with `Prefer: wait` has its answer when a prediction or a job has ended, or when it wished to wait no longer. */
const isTimed = ({ headers }: FastifyRequest, reply: FastifyReply): boolean =>
  !reply.hasHeader(streamMark) && !headers['prefer']?.includes('wait');
