import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, escapeHtml, htmlPage, pagePolicy, wantsHtml } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import { asyncApi } from './async-api.ts';
import { eventDocsPage } from './event-docs-page.ts';

const links = {
  predictions: '/v1/predictions',
  labels: '/v1/labels',
  models: '/v1/models',
  datasets: '/v1/datasets',
  jobs: '/v1/jobs',
  statistics: '/v1/stats',
  events: '/v1/events',
  audit: '/v1/audit/log',
  projections: '/v1/projections',
  docs: '/docs',
  eventDocs: '/docs/events',
  openapi: '/openapi.json',
  asyncapi: '/asyncapi.json',
  problems: '/problems',
  live: '/livez',
  ready: '/readyz?verbose',
  metrics: '/metrics',
} as const;

const words: Readonly<Record<keyof typeof links, string>> = {
  predictions: 'predictions, the newest first',
  labels: 'labels that wait for their prediction',
  models: 'models and their versions',
  datasets: 'data sets that were cut from the log',
  jobs: 'long work, and how far it is',
  statistics: 'how many predictions there are, and how they ended',
  events: 'the log itself, in order',
  audit: 'the log as it is signed',
  projections: 'views that are made of the log',
  docs: 'the API, to read and to try',
  eventDocs: 'the events in the log, to read',
  openapi: 'the API as OpenAPI',
  asyncapi: 'the events as AsyncAPI',
  problems: 'every error that the API can give, with cause and fix',
  live: 'whether this process answers',
  ready: 'whether it works, part by part',
  metrics: 'figures for Prometheus',
};

const names = Object.keys(links) as (keyof typeof links)[];

const homePage = (version: string): string =>
  htmlPage(
    `Hindcast ${version}: what is here`,
    `<h1>Hindcast ${escapeHtml(version)}</h1><p>Asynchronous predictions over a log that can be replayed.</p><ul>${names
      .map((name) => `<li><a href="${links[name]}">${links[name]}</a> ${words[name]}</li>`)
      .join('')}</ul>`,
  );

/** What a newcomer, a browser and a scraper ask first. */
export const discoveryRoutes =
  (version: string): FastifyPluginAsyncTypebox =>
  async (app) => {
    const events = `${JSON.stringify(asyncApi(version))}\n`;
    const docs = eventDocsPage();
    const home = homePage(version);

    app.get(
      '/',
      {
        schema: {
          operationId: 'getHome',
          summary: 'What is here',
          tags: ['Service'],
          response: answers({
            200: Type.Object(
              { name: Type.String(), version: Type.String(), links: Type.Record(Type.String(), Type.String()) },
              { description: 'As JSON, or as a page for browsers' },
            ),
          }),
        },
      },
      async (request, reply) => {
        reply.header('vary', 'accept').header('cache-control', 'no-cache');
        if (!wantsHtml(request.headers)) return reply.send({ name: 'hindcast', version, links });
        return reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(home);
      },
    );
    app.get('/asyncapi.json', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(events),
    );
    app.get('/docs/events', { schema: { hide: true } }, async (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(docs),
    );
  };
