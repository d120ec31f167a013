export * from './drain-connections.ts';

// Routes say `schema.hide`, a word that this package adds to Fastify's types; without it their build does not know it.
import '@fastify/swagger';

export * from './http-server.ts';
export * from './prediction-body.ts';
export * from './problem.ts';
export * from './problem-reply.ts';
export * from './problem-responses.ts';
export * from './problems.ts';
export * from './readiness.ts';
export * from './strict-json.ts';
export { isDateTime } from './validation.ts';
