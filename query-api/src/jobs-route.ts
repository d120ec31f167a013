import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  findJob,
  followJob,
  jobBody,
  jobIdSchema,
  jobSchema,
  jobStatusSchema,
  jobsCaughtUp,
  type OpenEnds,
  waitSecondsMax,
  waitSecondsOf,
} from '@hindcast/adapters/http';
import { DEFAULT_TENANT, isEndedJob, type JobDoc, type JobQuery } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { jobFrames } from './job-stream.ts';
import { formatListCursor, parseListCursor } from './list-cursor.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { wantsEventStream } from './request-headers.ts';
import { streamed } from './streamed-reply.ts';

const listLimitMax = 500;
const listLimitDefault = 50;

const querystring = Type.Object(
  {
    kind: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$', examples: ['projection-rebuild'] })),
    status: Type.Optional(jobStatusSchema),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: listLimitMax, description: `Default ${listLimitDefault}` }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 256, description: '`nextCursor` of the page before' })),
  },
  { additionalProperties: false },
);

const pageSchema = Type.Object(
  {
    data: Type.Array(jobSchema),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page' }),
  },
  { description: 'Newest first: all that are open, and of those that have ended the newest of each kind' },
);

const filterOf = ({ kind, status }: Static<typeof querystring>): Omit<JobQuery, 'limit' | 'before'> => ({
  tenant: DEFAULT_TENANT,
  ...(kind === undefined ? undefined : { kind }),
  ...(status === undefined ? undefined : { status }),
});

export const jobsRoute =
  (
    { jobs, identity, logger }: Pick<QueryPorts, 'jobs' | 'identity' | 'logger'>,
    limits: QueryLimits,
    waits: OpenEnds,
    streams: OpenEnds,
  ): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/jobs',
      {
        schema: {
          operationId: 'listJobs',
          summary: 'Jobs: long work, such as the rebuild of a view',
          tags: ['Jobs'],
          querystring,
          response: answers({ 200: pageSchema }, 'invalid-cursor', 'catalog-behind'),
        },
      },
      async ({ query }, reply) => {
        const limit = query.limit ?? listLimitDefault;
        const filter = filterOf(query);
        const before = query.cursor === undefined ? undefined : parseListCursor(query.cursor, filter, identity.sha256);
        await jobsCaughtUp(jobs);
        const docs = jobs.list({ ...filter, limit: limit + 1, ...(before === undefined ? undefined : { before }) });
        const page = docs.slice(0, limit);
        const last = page.at(-1);
        const nextCursor =
          last && docs.length > limit
            ? formatListCursor({ at: last.state.request.at, id: last.id }, filter, identity.sha256)
            : null;
        return reply.header('cache-control', 'no-store').send({ data: page.map(jobBody), nextCursor });
      },
    );

    /** The job when it has ended, or as it is after `waitMs`, or when the signal aborts. */
    const whenEnded = async (known: JobDoc, waitMs: number, signalOf: () => AbortSignal): Promise<JobDoc> => {
      if (isEndedJob(known.state) || waitMs === 0) return known;
      const signal = signalOf();
      const deadline = identity.now() + waitMs;
      const following = followJob(jobs, known, signal);
      try {
        for (;;) {
          const latest = following.latest();
          const left = deadline - identity.now();
          if (isEndedJob(latest.state) || left <= 0 || signal.aborted) return latest;
          await following.sleep(left);
        }
      } finally {
        following.stop();
      }
    };

    app.get(
      '/v1/jobs/:id',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'getJob',
          summary: 'A job: how far it is, and what came of it',
          description:
            'With `Accept: text/event-stream` it is told again whenever something has changed, until it has ended.',
          tags: ['Jobs'],
          params: Type.Object({ id: jobIdSchema }),
          headers: Type.Object({
            prefer: Type.Optional(
              Type.String({
                description: `wait=N: answer when it has ended, or after N (at most ${waitSecondsMax}) seconds`,
              }),
            ),
          }),
          response: answers(
            { 200: Type.Composite([jobSchema], { description: 'The job; a failed one too' }) },
            'unknown-job',
            'catalog-behind',
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const found = await findJob(jobs, DEFAULT_TENANT, id);
        // It may have moved on since, and is listened to from here.
        const known = jobs.get(DEFAULT_TENANT, id) ?? found;
        reply.header('cache-control', 'no-store').header('vary', 'accept');
        if (wantsEventStream(request.headers)) {
          const signal = streams.of(reply.raw).signal();
          const frames = jobFrames({ jobs, known, signal, limits });
          const cut = () => reply.raw.destroy();
          return reply
            .headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
            .send(streamed(frames, { signal, logger, stalledMsMax: limits.stalledMsMax, cut }));
        }
        const waitSeconds = waitSecondsOf(request.headers);
        if (waitSeconds === undefined) return reply.send(jobBody(known));
        reply.header('preference-applied', `wait=${waitSeconds}`);
        const open = waits.of(reply.raw);
        try {
          return await reply.send(jobBody(await whenEnded(known, waitSeconds * 1_000, () => open.signal())));
        } finally {
          open.release();
        }
      },
    );
  };
