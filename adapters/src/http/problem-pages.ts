import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';
import { escapeHtml, htmlPage, pagePolicy, proseHtml } from './html-page.ts';
import { problem } from './problem.ts';
import type { ProblemKind } from './problem-kind.ts';
import { answers } from './problem-responses.ts';
import { isProblemCode, problems } from './problems.ts';
import { wantsHtml } from './request-headers.ts';

const kindSchema = Type.Object({
  type: Type.String(),
  status: Type.Integer(),
  title: Type.String(),
  cause: Type.String(),
  fix: Type.String(),
});

const kindPage = (code: string, { status, title, cause, fix }: ProblemKind): string =>
  htmlPage(
    `${title} · Hindcast`,
    `<h1>${escapeHtml(title)}</h1><p><code>${code}</code>, HTTP status ${status}</p>` +
      `<h2>Cause</h2><p>${proseHtml(cause)}</p><h2>What to do</h2><p>${proseHtml(fix)}</p><p><a href="../problems">All errors</a></p>`,
  );

const listPage = (): string =>
  htmlPage(
    'Errors · Hindcast',
    `<h1>Errors</h1><ul>${Object.entries(problems)
      .map(
        ([code, { status, title }]) =>
          `<li>${status} <a href="problems/${code}"><code>${code}</code></a>: ${escapeHtml(title)}</li>`,
      )
      .join('')}</ul>`,
  );

const unknownPage = (): string => {
  const { title, fix } = problems['unknown-problem'];
  return htmlPage(
    `${title} · Hindcast`,
    `<h1>${escapeHtml(title)}</h1><p>${proseHtml(fix)}</p><p><a href="../problems">All errors</a></p>`,
  );
};

const sendPage = (reply: FastifyReply, page: string) =>
  reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(page);
const body = (code: string, kind: ProblemKind) => ({ type: `/problems/${code}`, ...kind });

/** The pages that the `type` of an error leads to: for people as HTML, for programs as JSON. */
export const problemPages: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'All error codes',
        tags: ['Service'],
        response: answers({
          200: Type.Object({ data: Type.Array(kindSchema) }, { description: 'Every code, as JSON or HTML' }),
        }),
      },
    },
    async (request, reply) => {
      reply.header('vary', 'accept');
      if (wantsHtml(request.headers)) return sendPage(reply, listPage());
      return reply.send({ data: Object.entries(problems).map(([code, kind]) => body(code, kind)) });
    },
  );
  app.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'getProblem',
        summary: 'Cause and fix of an error code',
        tags: ['Service'],
        params: Type.Object({ code: Type.String({ maxLength: 64, examples: ['invalid-input'] }) }),
        response: answers(
          { 200: Type.Composite([kindSchema], { description: 'The code, as JSON or HTML' }) },
          'unknown-problem',
        ),
      },
    },
    async (request, reply) => {
      const { code } = request.params;
      const isPage = wantsHtml(request.headers);
      reply.header('vary', 'accept');
      if (!isProblemCode(code)) {
        if (isPage) return sendPage(reply.code(404), unknownPage());
        throw problem('unknown-problem', 'No error has this code.');
      }
      if (isPage) return sendPage(reply, kindPage(code, problems[code]));
      return reply.send(body(code, problems[code]));
    },
  );
};
