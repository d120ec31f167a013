import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, jobsCaughtUp, problem, projectionNamed, projectionNameSchema } from '@hindcast/adapters/http';
import {
  DEFAULT_TENANT,
  formatPosition,
  PROJECTIONS,
  type ProjectionName,
  recordAt,
  type ViewReader,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { QueryPorts } from './query-ports.ts';
import { rebuildBody, rebuildSchema } from './rebuild-body.ts';
import { type PartitionLag, topicOf, totalLag, viewLag } from './view-lag.ts';

const dateTime = Type.String({ format: 'date-time' });

const projectionSchema = Type.Object({
  name: Type.String(),
  topic: Type.String(),
  generations: Type.Array(Type.Object({ generation: Type.Integer(), state: Type.String(), createdAt: dateTime })),
  lag: Type.Integer({ description: 'Records that the live generation has not folded yet' }),
  lagMs: Type.Integer({ description: 'Age of the oldest of them; 0 where there is none' }),
  partitions: Type.Array(
    Type.Object({
      partition: Type.Integer(),
      position: Type.String({ description: 'The first position that it has not folded' }),
      end: Type.String({ description: 'The position that the next record will get' }),
      lag: Type.Integer(),
    }),
  ),
});

export const projectionsRoute =
  ({ log, projections, jobs, identity }: QueryPorts, views: ViewReader): FastifyPluginAsyncTypebox =>
  async (app) => {
    const ageOf = async (projection: ProjectionName, { partition, next, end }: PartitionLag): Promise<number> => {
      if (next >= end) return 0;
      const record = await recordAt(log, topicOf[projection], partition, next);
      return record ? Math.max(0, identity.now() - record.appendedAt) : 0;
    };

    const describe = async (projection: ProjectionName) => {
      const partitions = await viewLag(log, views, projection);
      const ages = await Promise.all(partitions.map((partition) => ageOf(projection, partition)));
      return {
        name: projection,
        topic: topicOf[projection],
        generations: (await projections.generations())
          .filter((generation) => generation.projection === projection)
          .map(({ generation, state, createdAt }) => ({
            generation,
            state,
            createdAt: new Date(createdAt).toISOString(),
          })),
        lag: totalLag(partitions),
        lagMs: Math.max(0, ...ages),
        partitions: partitions.map(({ epoch, partition, next, end, lag }) => ({
          partition,
          position: formatPosition({ epoch, partition, offset: next }),
          end: formatPosition({ epoch, partition, offset: end }),
          lag,
        })),
      };
    };

    app.get(
      '/v1/projections',
      {
        schema: {
          operationId: 'listProjections',
          summary: 'The views, and how far they have folded the log',
          tags: ['Projections'],
          response: answers(
            { 200: Type.Object({ data: Type.Array(projectionSchema) }, { description: 'All projections' }) },
            'store-unavailable',
            'log-unavailable',
          ),
        },
      },
      async (_request, reply) =>
        reply.header('cache-control', 'no-store').send({ data: await Promise.all(PROJECTIONS.map(describe)) }),
    );
    app.get(
      '/v1/projections/:name/rebuilds/:id',
      {
        schema: {
          operationId: 'getRebuild',
          summary: 'A rebuild of a projection',
          tags: ['Projections'],
          params: Type.Object({ name: projectionNameSchema, id: Type.String({ maxLength: 128 }) }),
          response: answers({ 200: rebuildSchema }, 'unknown-projection', 'unknown-rebuild', 'catalog-behind'),
        },
      },
      async (request, reply) => {
        const { params } = request;
        const projection = projectionNamed(params.name);
        await jobsCaughtUp(jobs);
        const job = jobs.get(DEFAULT_TENANT, params.id);
        const found = job && rebuildBody(job);
        if (found?.projection !== projection) throw problem('unknown-rebuild', 'No rebuild with this id is known.');
        return reply.header('cache-control', 'no-store').send(found);
      },
    );
  };
