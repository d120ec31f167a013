import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { ArtifactDamaged, LogError, type Logger } from '@hindcast/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem, problem, problemBody } from './problem.ts';
import type { ProblemCode } from './problems.ts';
import { traceparentOf } from './request-headers.ts';
import { goesOnSlowly } from './slow-bodies.ts';

export const problemMediaType = 'application/problem+json; charset=utf-8';
/** The line feed is for people: without it a shell puts its prompt behind the answer. */
export const jsonLine = (body: unknown): string => `${JSON.stringify(body)}\n`;
/** What a client is told to wait where nothing better is known. */
export const retryAfterSeconds = 1;

const retry = { 'retry-after': String(retryAfterSeconds) };

/** Whatever was thrown, as a problem. Only problems of the caller say why; the rest is `internal-error`. */
export const toProblem = (error: unknown, method?: string): Problem => {
  if (error instanceof Problem) return error;
  if (error instanceof LogError) return fromLog(error, method !== undefined && readingMethods.has(method));
  if (error instanceof ArtifactDamaged) {
    return problem('store-unavailable', 'What the artifact store gives is damaged, and is not sent.', {
      headers: retry,
    });
  }
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem('body-too-large', 'The body is larger than this operation reads.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return problem('unsupported-media-type', 'The Content-Type is missing or not supported here.');
    case 'FST_ERR_BAD_URL':
      return problem(
        'malformed-request',
        'A % in the path begins no character in UTF-8; a % itself is written as %25.',
      );
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return problem('malformed-request', String(message));
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return problem('not-found', 'A part of the path is longer than any name here.');
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return problem('malformed-request', 'The request cannot be read.');
  }
  return problem('internal-error', 'The server failed while it handled the request.');
};

const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

const fromLog = (error: LogError, reading: boolean): Problem => {
  if (error.code === 'record_too_large')
    return problem('body-too-large', 'The event would exceed the limit of the log.');
  const what = reading ? 'read' : 'written';
  return problem('log-unavailable', `The event log cannot be ${what} at the moment.`, { headers: retry });
};

/** The trace of the request where it names one, else a new one. */
export const traceIdOf = ({ headers }: FastifyRequest): string =>
  traceparentOf(headers)?.split('-')[1] ?? randomBytes(16).toString('hex');

/** Errors of the server are logged with what really happened, under the trace id that the client sees. */
export const logIfOurs = (logger: Logger | undefined, error: unknown, found: Problem, traceId: string): void => {
  if (found.code === 'internal-error') logger?.error({ err: error, traceId }, 'A request failed unexpectedly.');
  // A refusal that was meant, such as of a flood, is the client's to read: logging each would be a flood of its own.
  else if (found.status >= 500 && !(error instanceof Problem))
    logger?.warn({ err: error, traceId, code: found.code }, 'A request was refused.');
};

export const sendProblem = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger | undefined,
): FastifyReply => {
  const found = describes(error) ? toProblem(error, request.method) : accepting(toProblem(error), request);
  const traceId = traceIdOf(request);
  logIfOurs(logger, error, found, traceId);
  const instance = request.url.split('?', 1)[0]?.slice(0, 512) ?? '';
  return reply
    .code(found.status)
    .headers({ ...found.headers, 'content-type': problemMediaType, 'cache-control': 'no-store' })
    .serializer(jsonLine)
    .send({ ...problemBody(found), instance, traceId });
};

/** Such errors know more of what was wrong than the route does. */
const describes = (error: unknown): boolean => error instanceof Problem || error instanceof LogError;

/** Names what the route would have read, which fastify's own error does not. */
const accepting = (found: Problem, request: FastifyRequest): Problem => {
  const { accepts } = request.routeOptions.config;
  if (found.code === 'unsupported-media-type') {
    const list = (accepts ?? ['application/json']).join(', ');
    return problem(found.code, `This operation reads ${list}.`, { headers: { accept: list } });
  }
  if (found.code === 'body-too-large' && request.routeOptions.bodyLimit !== undefined) {
    return problem(found.code, `The body may have at most ${request.routeOptions.bodyLimit} bytes.`);
  }
  return found;
};

const timedOut = 'ERR_HTTP_REQUEST_TIMEOUT';
const clientErrors: Readonly<Record<string, ProblemCode>> = {
  [timedOut]: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

/** Answers what never became a request, such as a trickled body, and closes the connection. */
export const answerClientError = (error: { code?: string }, socket: Socket, requestMs: number): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  if (error.code === timedOut && goesOnSlowly(socket, requestMs, () => hangUp(error, socket))) return;
  hangUp(error, socket);
};

const hangUp = (error: { code?: string }, socket: Socket): void => {
  const code = clientErrors[error.code ?? ''] ?? 'malformed-request';
  const found = problem(
    code,
    code === 'malformed-request' ? 'The bytes are not an HTTP request.' : 'The limit was passed.',
  );
  const body = jsonLine(problemBody(found));
  const head = `HTTP/1.1 ${found.status} Refused\r\ncontent-type: ${problemMediaType}\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`, () =>
    socket.destroy(),
  );
};
