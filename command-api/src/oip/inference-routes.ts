import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { problem, traceparentOf, unpackedBody } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandContext } from '../command-ports.ts';
import type { Watches } from '../watch-predictions.ts';
import { infer } from './infer.ts';
import { inferenceErrorSchema, notReadyNote, sendInferenceError } from './inference-error.ts';
import { inferenceModelRoutes, referenceOf, type VersionParams, versionParams } from './inference-models.ts';
import { inferenceRequestSchema, readInferenceRequest } from './inference-request.ts';

const tags = ['Open Inference Protocol'];
const errors = (...statuses: readonly number[]) =>
  Object.fromEntries(statuses.map((status) => [status, inferenceErrorSchema]));

const headerLengthName = 'inference-header-content-length';
const inferenceResponseSchema = Type.Object(
  {
    id: Type.String(),
    model_name: Type.String(),
    model_version: Type.String(),
    outputs: Type.Array(
      Type.Object({
        name: Type.String(),
        datatype: Type.String(),
        shape: Type.Array(Type.Integer()),
        data: Type.Optional(Type.Array(Type.Unknown())),
        parameters: Type.Optional(Type.Object({ binary_data_size: Type.Integer() })),
      }),
    ),
  },
  { description: 'The outputs of all rows; binary ones follow the JSON part' },
);

/**
 * The Open Inference Protocol, version 2, over HTTP, with the binary tensor data extension: what KServe, Triton and
 * MLServer clients speak. gRPC is not offered.
 * @see https://github.com/open-inference/open-inference-protocol
 */
export const inferenceRoutes =
  (context: CommandContext, watches: Watches): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { limits, ports } = context;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
    app.setErrorHandler((error, request, reply) =>
      sendInferenceError(request.is404 ? app.notFoundProblem(request) : error, request, reply, ports.logger),
    );
    app.setNotFoundHandler((request, reply) =>
      sendInferenceError(app.notFoundProblem(request), request, reply, ports.logger),
    );

    app.get(
      '',
      {
        schema: {
          operationId: 'getInferenceServer',
          summary: 'Name and extensions of the server',
          description: 'HTTP only: gRPC is not offered.',
          tags,
          response: {
            200: Type.Object(
              { name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) },
              { description: 'The server' },
            ),
            ...errors(400, 500),
          },
        },
      },
      async () => ({ name: 'hindcast', version: app.swagger().info.version, extensions: ['binary_tensor_data'] }),
    );
    app.get(
      '/health/live',
      {
        schema: {
          operationId: 'getInferenceLiveness',
          summary: 'Whether the server answers at all',
          tags,
          response: { 200: Type.Object({ live: Type.Boolean() }, { description: 'It does' }), ...errors(400, 500) },
        },
      },
      async () => ({ live: true }),
    );
    app.get(
      '/health/ready',
      {
        schema: {
          operationId: 'getInferenceReadiness',
          summary: 'Whether requests should be sent here',
          description: notReadyNote,
          tags,
          response: {
            200: Type.Object({ ready: Type.Boolean() }, { description: 'They should' }),
            ...errors(400, 500),
          },
        },
      },
      async () => {
        if (ports.ready && !(await ports.ready())) throw problem('not-ready', 'The server is not ready.');
        return { ready: true };
      },
    );
    await app.register(inferenceModelRoutes(context, tags, errors));

    const answer = async (request: FastifyRequest, reply: FastifyReply) => {
      const body = await unpackedBody(request.body, request.headers['content-encoding'], limits.batchBytesMax);
      const params = request.params as VersionParams;
      const length = request.headers[headerLengthName];
      const read = readInferenceRequest(body, typeof length === 'string' ? length : undefined);
      const traceparent = traceparentOf(request.headers);
      const { version, batchId, outputs } = await infer(context, watches, referenceOf(params), read, traceparent);
      const json = {
        id: read.json.id ?? batchId,
        model_name: params.model,
        model_version: String(version),
        outputs: outputs.map(({ tensor }) => tensor),
      };
      const binaries = outputs.flatMap(({ bytes }) => (bytes ? [bytes] : []));
      if (binaries.length === 0) return reply.send(json);
      const head = Buffer.from(JSON.stringify(json), 'utf8');
      reply.type('application/octet-stream').header(headerLengthName, String(head.length));
      return reply.send(Buffer.concat([head, ...binaries]));
    };
    for (const [url, operationId] of [
      ['/models/:model/infer', 'infer'],
      ['/models/:model/versions/:version/infer', 'inferWithVersion'],
    ] as const) {
      app.post(
        url,
        {
          bodyLimit: limits.batchBytesMax,
          config: { accepts: ['application/json', 'application/octet-stream'] },
          // The body is bytes until its JSON part has been found; the parameters are checked as a model reference.
          validatorCompiler: () => () => true,
          schema: {
            operationId,
            summary: 'Predict rows and wait for all of them',
            description:
              'Each row is a prediction with an id of its own, in the log like any other; `id` is kept as referenceId. ' +
              'With `Inference-Header-Content-Length` the tensors follow the JSON part in binary; the body may be ' +
              'compressed with gzip or deflate.',
            tags,
            params: versionParams(url),
            body: inferenceRequestSchema,
            response: { 200: inferenceResponseSchema, ...errors(400, 404, 410, 413, 415, 500, 503, 504) },
          },
        },
        answer,
      );
    }
  };
