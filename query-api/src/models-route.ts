import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  answers,
  modelBody,
  modelEtagOf,
  modelNameSchema,
  modelSchema,
  modelVersionBody,
  modelVersionNumber,
  modelVersionSchema,
  noneMatch,
  type OpenEnds,
  originOf,
  readCaughtUp,
  unknownModel,
  unknownModelVersion,
  viewBehind,
} from '@hindcast/adapters/http';
import {
  DEFAULT_TENANT,
  findVersion,
  keyOf,
  type ModelDoc,
  partitionOf,
  TOPICS,
  type ViewReader,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { QueryLimits, QueryPorts } from './query-ports.ts';

const shared = { tags: ['Models'], headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }) };
const misses = ['unknown-model', 'view-behind', 'store-unavailable', 'log-unavailable', 'too-many-waiting'] as const;
const unchanged = { 304: Type.Null({ description: 'Still what If-None-Match names' }) };

export const modelsRoute =
  (ports: QueryPorts, views: ViewReader, limits: QueryLimits, waits: OpenEnds): FastifyPluginAsyncTypebox =>
  async (app) => {
    /** A model that is missing is one only when the view has passed the end of the log. */
    const find = async (name: string, reply: FastifyReply): Promise<ModelDoc> => {
      const key = keyOf(DEFAULT_TENANT, name);
      const known = (doc: ModelDoc | undefined): boolean => doc !== undefined && doc.state.versions.length > 0;
      const read = () => views.model(key);
      let doc = await read();
      if (!known(doc)) {
        const open = waits.of(reply.raw);
        try {
          const bounds = await ports.log.bounds(TOPICS.models);
          const own = bounds.find(({ partition }) => partition === partitionOf(key, bounds.length));
          if (!own) throw viewBehind();
          const target = { ...own, projection: 'models' as const, next: own.end };
          const signal = open.signal();
          doc = await readCaughtUp({ views, limits, now: ports.identity.now, target, signal, read, enough: known });
        } finally {
          open.release();
        }
      }
      if (doc && known(doc)) return doc;
      const names = (await views.models(DEFAULT_TENANT)).filter(known).map((one) => one.name);
      throw unknownModel(name, names);
    };

    const sendTagged = (request: FastifyRequest, reply: FastifyReply, doc: ModelDoc, body: () => unknown) => {
      const etag = modelEtagOf(doc.state);
      reply.header('etag', etag).header('cache-control', 'private, no-cache');
      if (!noneMatch(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.send(body());
    };

    app.get(
      '/v1/models',
      {
        schema: {
          operationId: 'listModels',
          summary: 'All models',
          tags: ['Models'],
          response: answers(
            { 200: Type.Object({ data: Type.Array(modelSchema) }, { description: 'By name' }) },
            'store-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const docs = (await views.models(DEFAULT_TENANT)).filter(({ state }) => state.versions.length > 0);
        docs.sort((a, b) => (a.name < b.name ? -1 : 1));
        const data = docs.map((doc) => modelBody(originOf(request), doc.name, doc.state));
        return reply.header('cache-control', 'private, no-cache').send({ data });
      },
    );
    app.get(
      '/v1/models/:name',
      {
        schema: {
          ...shared,
          operationId: 'getModel',
          summary: 'A model: versions, routing, and an input that works',
          params: Type.Object({ name: modelNameSchema }),
          response: answers(
            {
              200: Type.Composite([modelSchema], { description: 'The ETag is what a change of the routing must name' }),
              ...unchanged,
            },
            ...misses,
          ),
        },
      },
      async (request, reply) => {
        const doc = await find(request.params.name, reply);
        return sendTagged(request, reply, doc, () => modelBody(originOf(request), doc.name, doc.state));
      },
    );
    app.get(
      '/v1/models/:name/versions/:version',
      {
        schema: {
          ...shared,
          operationId: 'getModelVersion',
          summary: 'A version of a model',
          params: Type.Object({ name: modelNameSchema, version: modelVersionNumber }),
          response: answers(
            { 200: Type.Composite([modelVersionSchema], { description: 'Signature, limits, digest' }), ...unchanged },
            'unknown-model-version',
            ...misses,
          ),
        },
      },
      async (request, reply) => {
        const { name, version } = request.params;
        const doc = await find(name, reply);
        const found = findVersion(doc.state, version);
        if (!found) throw unknownModelVersion(name, doc.state);
        return sendTagged(request, reply, doc, () => modelVersionBody(originOf(request), name, found));
      },
    );
  };
