import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Logger } from '@hindcast/domain';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { createAllowedMethods } from './allowed-methods.ts';
import { type ApiInfo, describeApi, showApi, type WholeApi } from './api-description.ts';
import { jsonBody } from './json-body.ts';
import { observeRequests, type RequestObserver } from './observe-requests.ts';
import { problem, problemSchema } from './problem.ts';
import { problemPages } from './problem-pages.ts';
import { answerClientError, jsonLine, sendProblem } from './problem-reply.ts';
import { commonResponses } from './problem-responses.ts';
import { isRateLimited, type RateLimiting, rateLimitHook } from './rate-limit.ts';
import type { Readiness } from './readiness.ts';
import { type Metrics, serviceRoutes } from './service-routes.ts';
import { validatorCompiler } from './validation.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types that the body may have, where they are not only application/json. */
    readonly accepts?: readonly string[];
    /** Integers that a double would round are refused. */
    readonly exactIntegers?: boolean;
  }
  interface FastifyInstance {
    /** The 404 or 405 of a path that no route answers. */
    readonly notFoundProblem: (request: FastifyRequest) => Error;
    /** The methods that a path answers; none where it does not exist. */
    readonly methodsOf: (path: string) => readonly string[];
  }
  interface FastifyRequest {
    /** Size of a JSON body, unpacked; 0 for any other. */
    bodyBytes: number;
  }
  interface FastifySchema {
    readonly 'x-body-optional'?: boolean;
    hide?: boolean;
    operationId?: string;
    summary?: string;
    description?: string;
    tags?: readonly string[];
  }
}

export type HttpServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export const bodyBytesMaxDefault = 1_048_576;
export const headerBytesMax = 16_384;
const connectionsCheckMs = 2_000;
const parameterCharsMax = 384;

export interface HttpServerOptions {
  readonly logger?: Logger;
  readonly openapi: ApiInfo;
  readonly bodyBytesMax?: number;
  readonly readiness?: Readiness;
  /** Of each client address, on the routes of the API. Left out where there is no limit. */
  readonly rateLimit?: RateLimiting;
  /** Addresses and networks, by commas, of the balancers whose X-Forwarded-For says who the client is. */
  readonly trustProxy?: string | undefined;
  readonly metrics?: Metrics;
  readonly requests?: RequestObserver;
  /** Where several servers share one address: all that is answered there. Left out where this one answers everything. */
  readonly wholeApi?: WholeApi;
  /** Whether `/docs` is answered, which loads a script of megabytes; so it is where nothing is said. */
  readonly docsPage?: boolean;
  /** How long a whole request may take to come in, and its headers. */
  readonly timeouts?: { readonly requestMs: number; readonly headersMs: number };
}

/** Where a server is one of several, each of which answers a part of what they describe together. */
const answeredElsewhere = (method: string): string =>
  `${method} of this path is answered by another process of this Hindcast. Ask the balancer in front of all: it sends GET and HEAD to a query-api, everything else and all of /v2 to a command-api. ` +
  'The command line does so by itself with --url QUERY,COMMAND.';

const timeoutsDefault = { requestMs: 30_000, headersMs: 10_000 };

/**
 * Connections that may wait to be taken. Of those that come beyond it while a thread is busy the kernel forgets half: such
 * a client repeats itself seconds later, or is reset. Linux allows as many by itself (`somaxconn`); Node asks for 511.
 */
export const connectionBacklog = 4_096;

/**
 * A Fastify server with the rules that all interfaces share: strict JSON, TypeBox checks without conversions, every
 * error as a problem of the one table, 405 with `Allow`, 421 for what another process answers, slow clients cut, health, `/openapi.json` and `/docs`. Routes
 * have to be registered in plugins: the description sees only those. Responses are written as they are given; their
 * schemas document and are held true by tests.
 */
export const buildHttpServer = (options: HttpServerOptions): HttpServer => {
  const { logger, openapi, bodyBytesMax, readiness, metrics, wholeApi, timeouts = timeoutsDefault } = options;
  const { requests, rateLimit, trustProxy = false, docsPage = true } = options;
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax ?? bodyBytesMaxDefault,
    requestTimeout: timeouts.requestMs,
    http: {
      headersTimeout: timeouts.headersMs,
      connectionsCheckingInterval: Math.min(connectionsCheckMs, timeouts.headersMs),
      maxHeaderSize: headerBytesMax,
    },
    return503OnClosing: false,
    trustProxy,
    routerOptions: { maxParamLength: parameterCharsMax },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, timeouts.requestMs),
    frameworkErrors: (error, request, reply) => void sendProblem(error, request as FastifyRequest, reply, logger),
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.decorateRequest('bodyBytes', 0);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, jsonBody);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => jsonLine);
  app.setReplySerializer(jsonLine);
  app.addSchema(problemSchema);

  if (requests) observeRequests(app, requests);
  const allowed = createAllowedMethods();
  const countRequest = rateLimit && rateLimitHook(rateLimit, () => app.server.listening);
  app.addHook('onRoute', (route) => {
    allowed.add(route.url, route.method);
    const limited = isRateLimited(route.url);
    if (limited && countRequest) route.onRequest = [countRequest, route.onRequest ?? []].flat();
    if (route.schema === undefined || route.schema.hide) return;
    const bodied = [route.method].flat().some((method) => method === 'POST' || method === 'PUT');
    route.schema = { ...route.schema, response: commonResponses(route.schema, { bodied, limited }) };
  });

  app.decorate('methodsOf', allowed.of);
  app.decorate('notFoundProblem', (request: FastifyRequest) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const everywhere = wholeApi?.methodsOf(path) ?? [];
    const methods = everywhere.length > 0 ? everywhere : app.methodsOf(path);
    if (methods.length === 0) return problem('not-found', 'No resource has this path.');
    if (methods.includes(request.method)) return problem('wrong-process', answeredElsewhere(request.method));
    const allow = methods.join(', ');
    return problem('method-not-allowed', `This path answers ${allow}.`, { headers: { allow } });
  });
  app.setNotFoundHandler((request, reply) => sendProblem(app.notFoundProblem(request), request, reply, logger));
  // A method that no route has may fail before the 404 is reached, such as QUERY without a media type.
  app.setErrorHandler((error, request, reply) =>
    sendProblem(request.is404 ? app.notFoundProblem(request) : error, request, reply, logger),
  );

  describeApi(app, openapi, wholeApi);
  if (docsPage) showApi(app, openapi);
  app.register(problemPages);
  app.register(serviceRoutes({ readiness: readiness ?? { checks: {} }, metrics, logger }));
  return app;
};
