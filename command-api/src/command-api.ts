import { guardedViews, openEnds, predictionReading } from '@hindcast/adapters/http';
import { DEFAULT_TENANT } from '@hindcast/domain';
import type { FastifyPluginAsync } from 'fastify';
import { createAdmission } from './admission.ts';
import { backtestRoutes } from './backtest-routes.ts';
import { type CommandContext, type CommandLimits, type CommandPorts, commandLimits } from './command-ports.ts';
import { datasetRoutes } from './dataset-routes.ts';
import { importRoutes } from './imports/import-routes.ts';
import { jobRoutes } from './job-routes.ts';
import { labelRoutes } from './labels/label-routes.ts';
import { modelRoutes } from './model-routes.ts';
import { inferenceRoutes } from './oip/inference-routes.ts';
import { outcomeRoutes } from './outcome-routes.ts';
import { predictionRoutes } from './prediction-routes.ts';
import { projectionRoutes } from './projection-routes.ts';
import { registrationRoutes } from './registration-routes.ts';
import { verificationRoutes } from './verification-routes.ts';
import { createViewPassing } from './view-passing.ts';
import { createWatches } from './watch-predictions.ts';

const contextOf = (given: CommandPorts, limits: CommandLimits): CommandContext => {
  const views = guardedViews(given.views, given.logger);
  const ports = { ...given, views };
  const reading = predictionReading(ports, views, { ...limits, viewWaitMsMax: limits.outcomeWaitMs });
  const admission = createAdmission(ports.backlog, limits.openMax, {
    onAccepted: ports.onAccepted,
    isPaused: (tenant, model) => ports.catalog.get(tenant, model)?.paused === true,
  });
  const waits = openEnds(limits.waitsMax);
  const viewPasses = createViewPassing(ports, limits, waits);
  return { ports, limits, tenant: DEFAULT_TENANT, reading, admission, waits, viewPasses };
};

/** Everything that changes something, as a plugin for a server of `buildHttpServer`. */
export const commandApi =
  (ports: CommandPorts, limits: Partial<CommandLimits> = {}): FastifyPluginAsync =>
  async (app) => {
    const context = contextOf(ports, { ...commandLimits, ...limits });
    const watches = createWatches(context);
    app.addHook('preClose', async () => {
      watches.stopAll();
      context.waits.close();
    });
    await app.register(predictionRoutes(context, watches));
    await app.register(outcomeRoutes(context, watches));
    await app.register(labelRoutes(context));
    await app.register(importRoutes(context));
    await app.register(registrationRoutes(context));
    await app.register(modelRoutes(context));
    await app.register(inferenceRoutes(context, watches), { prefix: '/v2' });
    await app.register(jobRoutes(context));
    await app.register(datasetRoutes(context));
    await app.register(projectionRoutes(context));
    await app.register(verificationRoutes(context));
    await app.register(backtestRoutes(context));
  };
