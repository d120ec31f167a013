import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { allowSlowBody, answers, problem } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';
import type { CommandContext } from '../command-ports.ts';
import { acceptUploads, isStream, ndjson } from '../uploads/accept-uploads.ts';
import { importQuerySchema, importRowSchema, rowCompleter } from './import-request.ts';
import { createImportTaker } from './take-imports.ts';

const outcomeSchema = Type.Object(
  {
    line: Type.Integer({ minimum: 1, description: 'Of the upload, counted from 1' }),
    status: Type.Union((['imported', 'labeled', 'repeated', 'refused'] as const).map((status) => Type.Literal(status))),
    id: Type.Optional(Type.String({ description: 'Of the prediction' })),
    position: Type.Optional(Type.String({ description: 'Of the last of its new events', examples: ['0:7:4211'] })),
    error: Type.Optional(Type.Ref('Problem')),
  },
  { description: 'What became of a row' },
);

const description = `Takes in what another system predicted before: a stream of NDJSON, a prediction with its answer a line, of at most
1 MiB each, 100,000 lines and 64 MiB. They are marked as \`imported\`, nobody runs them, statistics of traffic do not count them, and
data sets and replays have them like the others. The model need not be registered here. The answer has a line for each row: **imported**;
**repeated**, when all of it was there; **labeled**, when only its label was new; **refused**, with an \`error\`.

A row has an \`id\` of its own, or that of its content but for its label: the same rows may be sent again after a broken connection, and
with labels that came since. Rows that are alike in all they say, times included, are one prediction unless they have ids.`;

/** A plugin of its own, because its body is a stream. */
export const importRoutes =
  (context: CommandContext): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { limits, ports, tenant } = context;
    app.removeAllContentTypeParsers();
    const uploads = acceptUploads(app, context);
    const { sha256, idFromText } = ports.identity;
    const idOf = (requestHash: string) => idFromText(`${tenant}\nimport\n${requestHash}`);
    app.post(
      '/v1/imports',
      {
        config: { accepts: [ndjson] },
        bodyLimit: limits.uploadBytesMax,
        onRequest: async (request) => allowSlowBody(request),
        schema: {
          operationId: 'importPredictions',
          summary: 'Take in what another system predicted before',
          description,
          tags: ['Predictions'],
          querystring: importQuerySchema,
          // Only described: what is validated is each line.
          body: { content: { [ndjson]: { schema: Type.Any({ ...importRowSchema }) } } },
          response: answers(
            { 200: Type.Composite([outcomeSchema], { description: 'Lines of NDJSON, one for each row' }) },
            'too-many-waiting',
          ),
        },
      },
      async (request, reply) => {
        const { query, body } = request;
        if (!isStream(body)) throw problem('malformed-request', 'The body must be NDJSON, a row a line.');
        const making = { sha256, idOf, contextBytesMax: limits.contextBytesMax };
        return uploads.answer(reply, body, {
          checked: rowCompleter(query, making),
          take: createImportTaker(context, query.source ?? 'import'),
          lineBytesMax: limits.importLineBytesMax,
        });
      },
    );
  };
