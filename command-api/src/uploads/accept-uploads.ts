import type { Readable } from 'node:stream';
import { openEnds, problem } from '@hindcast/adapters/http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CommandContext } from '../command-ports.ts';
import { type TakeLines, uploadAnswers } from './upload-answers.ts';
import { uploadLines } from './upload-lines.ts';

export const ndjson = 'application/x-ndjson';

/** Lets a plugin, which must be one of its own, take streams of NDJSON beside other bodies. */
export const acceptUploads = (app: FastifyInstance, { limits, ports }: CommandContext) => {
  const uploads = openEnds(limits.uploadsMax);
  app.addHook('preClose', async () => uploads.close());
  app.addContentTypeParser(ndjson, ({ headers }, payload, done) =>
    headers['content-encoding'] === undefined
      ? done(null, payload)
      : done(problem('unsupported-media-type', 'NDJSON is read without a Content-Encoding.')),
  );
  return {
    /** Answers each line of an upload with what `take` makes of it. */
    answer<T>(
      reply: FastifyReply,
      body: Readable,
      { checked, take, lineBytesMax }: { checked(json: unknown): T; take: TakeLines<T>; lineBytesMax: number },
    ) {
      const signal = uploads.of(reply.raw).signal();
      const { uploadLinesMax, uploadBytesMax } = limits;
      const lines = uploadLines(body, checked, { lineBytesMax, uploadLinesMax, uploadBytesMax });
      reply.header('content-type', ndjson).header('cache-control', 'no-store');
      return reply.send(uploadAnswers(lines, take, { signal, logger: ports.logger }));
    },
  };
};

export const isStream = (body: unknown): body is Readable =>
  typeof body === 'object' && body !== null && typeof (body as Partial<Readable>).pipe === 'function';
