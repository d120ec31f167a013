import { logIfOurs, type Problem, problem, toProblem, traceIdOf } from '@hindcast/adapters/http';
import type { Logger } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The error body of the protocol. */
export const inferenceErrorSchema = Type.Object(
  { error: Type.String() },
  { description: 'The request, the model or the server failed' },
);

/** The protocol has no separate status for a body that is well formed but wrong. */
const statusOf = ({ status }: Problem): number => (status === 422 ? 400 : status);

export const sendInferenceError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger | undefined,
): FastifyReply => {
  const found = toProblem(error);
  logIfOurs(logger, error, found, traceIdOf(request));
  return reply
    .code(statusOf(found))
    .headers(found.headers)
    .send({ error: `${found.code}: ${found.detail}` });
};

/** What is wrong with a request of the protocol. */
export const badInference = (detail: string): Problem => problem('invalid-input', detail);
