import { resolve } from 'node:path';
import { buildHttpServer, drainConnections } from '@hindcast/adapters/http';
import { createOnnxRuntime } from '@hindcast/adapters/onnx';
import { commandApi } from '@hindcast/command-api';
import { DEFAULT_TENANT, type EventLog, type Logger, openModelCatalog, type Running, TOPICS } from '@hindcast/domain';
import { createProjections } from '@hindcast/projectors';
import { queryApi } from '@hindcast/query-api';
import { openSetMaxOf, startInferenceWorker, startKeeper } from '@hindcast/workers';
import type { RunningHindcast } from '../running-hindcast.ts';
import type { Config } from '../settings.ts';
import { version } from '../version.ts';
import { collectMetrics } from './collect-metrics.ts';
import { makeDataFolder } from './data-folder.ts';
import { championsWithoutFile, checkChampions, heldBy } from './missing-files.ts';
import { openFolderPorts, openMemoryPorts } from './open-embedded-ports.ts';
import { readyModels, registerSamples } from './sample-models.ts';

export type EmbeddedConfig = Omit<Config, 'url' | 'logFormat' | 'logLevel'> & {
  /** false: nobody runs what is accepted, as when all workers are down. */
  readonly workers?: boolean;
};

export interface RunningEmbedded extends RunningHindcast {
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
}

/** Time for clients on kept-alive connections to send the request that gets the last answer on it. */
const drainGraceMs = 1_000;

/**
 * Everything in this process: both APIs on one port, the worker with its inference children, the keeper and the
 * projectors, on ports that need no service.
 */
export const startEmbedded = async (config: EmbeddedConfig, logger: Logger): Promise<RunningEmbedded> => {
  const folder = config.memory ? undefined : resolve(config.data);
  if (folder !== undefined) await makeDataFolder(folder);
  const ports =
    folder === undefined ? await openMemoryPorts(config.partitions) : await openFolderPorts(folder, config.partitions);
  const { log, views, artifacts, bus, cache, reservations, identity } = ports;
  /** Undone in the opposite order, whether the start fails or the process ends. */
  const undo: (() => Promise<unknown>)[] = [() => ports.close()];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const keep = <Part extends Pick<Running, 'stop'>>(part: Part): Part => {
    undo.push(() => part.stop());
    return part;
  };

  try {
    const catalog = keep(await openModelCatalog(log));
    const runtime = keep(
      createOnnxRuntime({
        artifactPath: (sha256) => artifacts.localPath(sha256),
        children: config.children,
        childMemoryBytesMax: config.modelMemoryBytes,
        logger,
      }),
    );
    const projections = keep(createProjections({ log, views, bus, cache, logger, now: identity.now }));
    await projections.start();
    // The door bounds what is open; worker and keeper have room for all of it, so that no flood holds up another model.
    const openMax = openSetMaxOf(config.openMax);
    const keeper = keep(
      await startKeeper({ log, identity, logger, heldBy: heldBy(catalog, artifacts) }, { group: 'keepers', openMax }),
    );
    const workerPorts = { log, runtime, catalog, artifacts, identity, logger };
    const worker =
      config.workers === false
        ? undefined
        : keep(await startInferenceWorker(workerPorts, { group: 'workers', openMax }));

    let draining = false;
    const server = buildHttpServer({
      logger,
      openapi: {
        title: 'Hindcast',
        version,
        description: 'Asynchronous predictions on an event log: submit, predict, read, replay.',
      },
      readiness: {
        draining: () => draining,
        checks: {
          log: { required: true, check: () => log.bounds(TOPICS.predictions) },
          views: { required: true, check: () => views.reader.checkpoints('prediction-status') },
          catalog: { required: true, check: () => catalog.catchUp() },
          models: { required: false, check: () => checkChampions(catalog, artifacts, DEFAULT_TENANT) },
        },
      },
    });
    const metrics = collectMetrics({ projections, keeper, worker });
    server.register(
      commandApi(
        {
          log,
          catalog,
          views: views.reader,
          bus,
          cache,
          reservations,
          artifacts,
          runtime,
          backlog: {
            open: keeper.open,
            openOf: keeper.openOf,
            expectedWaitMs: (...of) => worker?.expectedWaitMs(...of) ?? 0,
          },
          identity,
          logger,
          projections: projections.commands,
        },
        {
          openMax: config.openMax,
          modelBytesMax: config.modelBytesMax,
          trialTimeoutMs: config.inferenceTimeoutMs,
          modelDefaults: {
            pool: 'default',
            deadlineMs: config.deadlineMs,
            timeoutMs: config.inferenceTimeoutMs,
            batchMax: 1_000,
          },
        },
      ),
    );
    server.register(
      queryApi(
        { log, views: views.reader, bus, cache, artifacts, projections: projections.reader, identity, logger, metrics },
        { version },
      ),
    );
    undo.push(async () => {
      draining = true;
      await drainConnections(server, drainGraceMs);
      await server.close();
    });
    await server.ready();
    await registerSamples(server, catalog, logger);
    await projections.whenCaughtUp();
    const missing = await championsWithoutFile(catalog, artifacts, DEFAULT_TENANT);
    if (missing.length > 0)
      logger.warn({ models: missing }, 'The files of these models are missing: their work waits.');
    const ready = await readyModels(runtime, catalog, DEFAULT_TENANT, missing);
    const url = await server.listen({ host: config.host, port: config.port });
    return {
      url,
      log,
      summary: { dataFolder: folder === undefined ? undefined : config.data, missing, ...ready },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
