import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { guardedViews, openEnds, predictionReading } from '@hindcast/adapters/http';
import { auditConsistencyRoute } from './audit-consistency-route.ts';
import { auditRoutes } from './audit-routes.ts';
import { backtestRoutes } from './backtest-routes.ts';
import { datasetFileRoute } from './dataset-file-route.ts';
import { datasetsRoute } from './datasets-route.ts';
import { discoveryRoutes } from './discovery-routes.ts';
import { jobsRoute } from './jobs-route.ts';
import { labelsRoute } from './labels-route.ts';
import { modelsRoute } from './models-route.ts';
import { predictionEventsRoute } from './prediction-events-route.ts';
import { predictionLabelsRoute } from './prediction-labels-route.ts';
import { predictionListRoute } from './prediction-list-route.ts';
import { predictionPayloadRoutes } from './prediction-payload-routes.ts';
import { predictionProofRoute } from './prediction-proof-route.ts';
import { predictionRoutes } from './prediction-route.ts';
import { projectionsRoute } from './projections-route.ts';
import { qualityRoute } from './quality-route.ts';
import { type QueryLimits, type QueryPorts, queryLimits } from './query-ports.ts';
import { replayRoute } from './replay-route.ts';
import { statsRoute } from './stats-route.ts';
import { verificationRoute } from './verification-route.ts';

export interface QueryApiOptions {
  /** Of the product, shown at `/` and in `/asyncapi.json`. */
  readonly version: string;
  readonly limits?: Partial<QueryLimits>;
}

/**
 * Everything that is read over HTTP. Writes nothing to the log. When the server closes, long polls answer with what
 * there is, and streams end, so that a client can go on at another replica.
 */
export const queryApi =
  (ports: QueryPorts, options: QueryApiOptions): FastifyPluginAsyncTypebox =>
  async (app) => {
    const limits = { ...queryLimits, ...options.limits };
    const views = guardedViews(ports.views, ports.logger);
    const reading = predictionReading(ports, views, limits);
    const waits = openEnds(limits.waitsMax);
    const streams = openEnds(limits.streamsMax);
    const replays = openEnds(limits.replaysMax);
    app.addHook('preClose', async () => {
      for (const ends of [waits, streams, replays]) ends.close();
    });

    await app.register(predictionRoutes(ports, views, reading, waits));
    await app.register(predictionEventsRoute(ports, limits, reading, streams));
    await app.register(predictionPayloadRoutes(ports, limits, reading, streams));
    await app.register(predictionListRoute(ports, views));
    await app.register(predictionLabelsRoute(reading, waits));
    await app.register(labelsRoute(views));
    await app.register(qualityRoute(ports, views));
    await app.register(statsRoute(ports, views));
    await app.register(modelsRoute(ports, views, limits, waits));
    await app.register(jobsRoute(ports, limits, waits, streams));
    await app.register(verificationRoute(ports));
    await app.register(backtestRoutes(ports, limits, replays));
    await app.register(projectionsRoute(ports, views));
    await app.register(replayRoute(ports, limits, replays));
    await app.register(datasetsRoute(ports));
    await app.register(datasetFileRoute(ports, limits, replays));
    await app.register(auditRoutes(ports, limits, replays));
    await app.register(auditConsistencyRoute(ports, replays));
    await app.register(predictionProofRoute(ports, limits, reading, replays));
    await app.register(discoveryRoutes(options.version));
  };
