// Routes say `schema.hide`, a word that this package adds to Fastify's types; without it their build does not know it.
import '@fastify/swagger';

export { type WholeApi, wholeApiOf } from './api-description.ts';
export * from './catch-up.ts';
export * from './drain-connections.ts';
export * from './ended-result.ts';
export * from './follow-prediction.ts';
export * from './guarded-views.ts';
export * from './html-page.ts';
export * from './http-server.ts';
export * from './model-body.ts';
export * from './named-things.ts';
export * from './open-ends.ts';
export * from './path-parameters.ts';
export * from './prediction-body.ts';
export * from './prediction-reading.ts';
export * from './problem.ts';
export * from './problem-reply.ts';
export * from './problem-responses.ts';
export * from './problems.ts';
export * from './readiness.ts';
export * from './request-headers.ts';
export type { Metrics } from './service-routes.ts';
export * from './slow-bodies.ts';
export * from './stored-payload.ts';
export * from './strict-json.ts';
export * from './unpacked-body.ts';
export { isDateTime } from './validation.ts';
