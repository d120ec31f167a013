import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  allowSlowBody,
  answers,
  modelEtagOf,
  modelNameSchema,
  modelVersionBody,
  modelVersionPath,
  modelVersionSchema,
  originOf,
  problem,
} from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { CommandContext } from './command-ports.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { registerModel, storeModel } from './register-model.ts';
import { registrationQuery, sidecarOf } from './registration-request.ts';

const mediaType = 'application/octet-stream';

const encodedModel = () =>
  problem('unsupported-media-type', 'A model file is kept as it is: send it without a Content-Encoding.', {
    headers: { 'accept-encoding': 'identity' },
  });

/** A plugin of its own, because its body is a stream of bytes and nothing else. */
export const registrationRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { limits } = context;
    const inTurn = oneAtATime(limits.registrationsMax);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(mediaType, ({ headers }, payload, done) =>
      headers['content-encoding'] === undefined ? done(null, payload) : done(encodedModel()),
    );
    app.post(
      '/v1/models/:name/versions',
      {
        bodyLimit: limits.modelBytesMax,
        config: { accepts: [mediaType] },
        onRequest: async (request) => allowSlowBody(request),
        schema: {
          operationId: 'registerModelVersion',
          summary: 'Register an ONNX file as the next version of a model',
          description:
            'The body is the file: `curl --data-binary @model.onnx -H "content-type: application/octet-stream"`. It is ' +
            'read, loaded and run once on an example in a separate process before it is registered. The first version ' +
            'of a model becomes its champion; later ones wait for PUT …/routing. The same file with another signature, ' +
            'example, description or limits is a new version of it. A file whose rows change the answers of each other ' +
            'within a run is registered with `batchMax` 1, and `warnings` say so.',
          tags: ['Models'],
          // Only described: the bytes are streamed on, whatever they are.
          body: { content: { [mediaType]: { schema: Type.Any({ type: 'string', format: 'binary' }) } } },
          params: Type.Object({ name: modelNameSchema }),
          querystring: registrationQuery,
          response: answers(
            {
              200: Type.Composite([modelVersionSchema], {
                description: 'The model had this very version; its file is stored again where it was lost',
              }),
              201: Type.Composite([modelVersionSchema], { description: 'Registered' }),
            },
            'model-refused',
            'trial-failed',
            'not-ready',
            'log-unavailable',
            'catalog-behind',
          ),
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const { query, body } = request;
        if (body === undefined || body === null) throw problem('malformed-request', 'The body must be the ONNX file.');
        const { description, pool, deadlineMs, timeoutMs, batchMax } = query;
        const defaults = limits.modelDefaults;
        const registration = {
          name,
          description,
          sidecar: sidecarOf(query, request.headers),
          settings: {
            pool: pool ?? defaults.pool,
            deadlineMs: deadlineMs ?? defaults.deadlineMs,
            timeoutMs: timeoutMs ?? defaults.timeoutMs,
            batchMax: batchMax ?? defaults.batchMax,
          },
        };
        const registering = inTurn(
          () => storeModel(context, body as Readable),
          (file) => registerModel(context, { ...registration, file }),
        );
        if (!registering) {
          throw problem('not-ready', 'Too many registrations are waiting.', { headers: { 'retry-after': '10' } });
        }
        const { version, created, model } = await registering;
        return reply
          .code(created ? 201 : 200)
          .header('location', modelVersionPath(name, version.version))
          .header('etag', modelEtagOf(model))
          .send(modelVersionBody(originOf(request), name, version));
      },
    );
  };
