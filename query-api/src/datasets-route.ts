import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, datasetBody, datasetIdSchema, datasetSchema, jobsCaughtUp, noneMatch } from '@hindcast/adapters/http';
import {
  type DatasetPlan,
  DEFAULT_TENANT,
  datasetIdOf,
  datasetJobKind,
  datasetManifestSchema,
  diffManifests,
  isEndedJob,
  type JobDoc,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { readManifest } from './dataset-reading.ts';
import type { QueryPorts } from './query-ports.ts';

/** Sent as it is kept, byte for byte. */
const manifestText = Type.Unsafe<string>(
  Type.Composite([datasetManifestSchema], { description: 'The same bytes each time' }),
);

const listLimitMax = 500;

/** Of the jobs of one set the one that tells most of it: what was cut is there, also when another attempt at it came to nothing. */
const told = ({ state }: JobDoc): number => {
  if (!isEndedJob(state)) return 2;
  return state.status === 'succeeded' ? 1 : 0;
};

/** A manifest never changes: its id is a hash of all that it says. */
const foreverCached = 'private, max-age=31536000, immutable';

export const datasetsRoute =
  (ports: Pick<QueryPorts, 'jobs' | 'artifacts' | 'identity'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { jobs, identity } = ports;
    app.get(
      '/v1/datasets',
      {
        schema: {
          operationId: 'listDatasets',
          summary: 'Data sets, newest first',
          tags: ['Data sets'],
          querystring: Type.Object(
            { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: listLimitMax, description: 'Default 50' })) },
            { additionalProperties: false },
          ),
          response: answers(
            { 200: Type.Object({ data: Type.Array(datasetSchema) }, { description: 'Those that are being cut too' }) },
            'catalog-behind',
          ),
        },
      },
      async ({ query }, reply) => {
        await jobsCaughtUp(jobs);
        const docs = jobs.list({ tenant: DEFAULT_TENANT, kind: datasetJobKind, limit: listLimitMax });
        const shown = new Map<string, JobDoc>();
        for (const doc of docs) {
          const id = datasetIdOf(doc.state.request.spec['plan'] as DatasetPlan, identity.sha256);
          const newer = shown.get(id);
          if (!newer || told(doc) > told(newer)) shown.set(id, doc);
        }
        const data = [...shown.values()].slice(0, query.limit ?? 50).map((doc) => datasetBody(doc, identity.sha256));
        return reply.header('cache-control', 'no-store').send({ data });
      },
    );
    app.get(
      '/v1/datasets/:id',
      {
        schema: {
          operationId: 'getDataset',
          summary: 'The manifest of a data set',
          description: 'What it holds, of which stretch of the log, in which files, and what became of every request.',
          tags: ['Data sets'],
          params: Type.Object({ id: datasetIdSchema }),
          headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }),
          response: answers(
            { 200: manifestText, 304: Type.Null({ description: 'Still what If-None-Match names' }) },
            'unknown-dataset',
            'dataset-not-ready',
            'dataset-file-gone',
            'catalog-behind',
            'store-unavailable',
          ),
        },
      },
      async ({ params, headers }, reply) => {
        const { text, sha256 } = await readManifest(ports, params.id);
        const etag = `"${sha256}"`;
        reply.header('etag', etag).header('cache-control', foreverCached);
        if (!noneMatch(headers['if-none-match'], etag)) return reply.code(304).send();
        return reply.type('application/json; charset=utf-8').send(text);
      },
    );
    app.get(
      '/v1/datasets/diff',
      {
        schema: {
          operationId: 'diffDatasets',
          summary: 'In what two data sets differ',
          tags: ['Data sets'],
          querystring: Type.Object({ a: datasetIdSchema, b: datasetIdSchema }, { additionalProperties: false }),
          response: answers(
            {
              200: Type.Object(
                {
                  differences: Type.Array(
                    Type.Object({
                      at: Type.String({ description: 'Pointer into the manifest; columns and files by their names' }),
                      a: Type.Optional(Type.Unknown()),
                      b: Type.Optional(Type.Unknown()),
                    }),
                  ),
                },
                { description: 'Empty for the same set' },
              ),
            },
            'unknown-dataset',
            'dataset-not-ready',
            'dataset-file-gone',
            'catalog-behind',
            'store-unavailable',
          ),
        },
      },
      async ({ query }, reply) => {
        const [a, b] = await Promise.all([readManifest(ports, query.a), readManifest(ports, query.b)]);
        return reply.send({ differences: [...diffManifests(a.manifest, b.manifest)] });
      },
    );
  };
