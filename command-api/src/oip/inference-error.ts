import { logIfOurs, type Problem, problem, toProblem, traceIdOf } from '@hindcast/adapters/http';
import type { Logger } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The error body of the protocol. */
export const inferenceErrorSchema = Type.Object(
  { error: Type.String() },
  { description: 'The request, the model or the server failed' },
);

export const notReadyNote = 'The protocol says "not ready" with a status from 400 to 499.';

/** The protocol has no separate status for a body that is well formed but wrong, and none above 499 for "not ready". */
const statusOf = ({ status }: Problem, { routeOptions }: FastifyRequest): number => {
  if (status === 422) return 400;
  return status === 503 && routeOptions.url?.endsWith('/ready') ? 400 : status;
};

export const sendInferenceError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger | undefined,
): FastifyReply => {
  const found = toProblem(error);
  logIfOurs(logger, error, found, traceIdOf(request));
  return reply
    .code(statusOf(found, request))
    .headers(found.headers)
    .send({ error: `${found.code}: ${found.detail}` });
};

/** What is wrong with a request of the protocol. */
export const badInference = (detail: string): Problem => problem('invalid-input', detail);
