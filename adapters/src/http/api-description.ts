import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';

export interface ApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** What is answered at one address, by however many servers. */
export interface WholeApi {
  /** The OpenAPI document, made anew: that takes longer than most requests, and few processes are ever asked for it. */
  readonly document: () => object;
  readonly methodsOf: (path: string) => readonly string[];
}

/** Of a server that has all routes, and is ready. */
export const wholeApiOf = (app: FastifyInstance): WholeApi => ({
  document: () => app.swagger(),
  methodsOf: app.methodsOf,
});

/** In the order in which a newcomer needs them. */
const tags = [
  { name: 'Predictions', description: 'Ask for predictions, and read what became of them' },
  { name: 'Models', description: 'Register models, and choose which version answers' },
  { name: 'Events', description: 'Read the log again' },
  { name: 'Verification', description: 'Run past predictions again and compare' },
  { name: 'Statistics', description: 'Counts and durations' },
  { name: 'Projections', description: 'The views of the log, and rebuilding them' },
  { name: 'Open Inference Protocol', description: 'What clients of KServe, Triton and MLServer speak' },
  { name: 'Service', description: 'Health, and what the errors mean' },
] as const;

/** `/openapi.json`. */
export const describeApi = (app: FastifyInstance, info: ApiInfo, wholeApi?: WholeApi): void => {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...info, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: '/', description: 'This server' }],
      tags: [...tags],
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, at) => (typeof json.$id === 'string' ? json.$id : `def-${at}`),
    },
    transformObject: withOptionalBodies,
  });
  app.register(async (docs) => {
    let text: string | undefined;
    docs.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
      text ??= `${JSON.stringify(wholeApi?.document() ?? app.swagger())}\n`;
      return reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(text);
    });
  });
};

/**
 * `/docs`, a page to read the description. Its script is served from here and may load nothing from elsewhere: fonts,
 * proxies, assistants and telemetry of the viewer are off, and its content security policy says so too.
 */
export const showApi = (app: FastifyInstance, info: Pick<ApiInfo, 'title'>): void => {
  app.register(async (docs) => {
    docs.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', viewerPolicy);
    });
    await docs.register(scalar, {
      routePrefix: '/docs',
      configuration: {
        url: '/openapi.json',
        pageTitle: info.title,
        telemetry: false,
        withDefaultFonts: false,
        hideClientButton: true,
        showDeveloperTools: 'never',
        agent: { disabled: true },
      },
    });
  });
};

const viewerPolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'";

interface OpenApiOperation {
  requestBody?: { required?: boolean };
  'x-body-optional'?: boolean;
}

/** The generator calls every body required; operations marked `x-body-optional` do without one. */
const withOptionalBodies = (document: Record<string, unknown> | { openapiObject?: unknown }) => {
  const openapi = ('openapiObject' in document ? document.openapiObject : document) as {
    paths?: Record<string, Record<string, OpenApiOperation>>;
  };
  for (const path of Object.values(openapi.paths ?? {})) {
    for (const operation of Object.values(path)) {
      if (!operation['x-body-optional']) continue;
      delete operation['x-body-optional'];
      if (operation.requestBody) operation.requestBody.required = false;
    }
  }
  return openapi as never;
};
