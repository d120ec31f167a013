import { setTimeout as pause } from 'node:timers/promises';
import {
  buildHttpServer,
  connectionBacklog,
  drainAndClose,
  isLoopback,
  type ReadinessCheck,
} from '@hindcast/adapters/http';
import { openBacklogReading, openViewProgress, type ViewProgress } from '@hindcast/command-api';
import { type Backlog, DEFAULT_TENANT, type EventLog, type Logger, TOPICS } from '@hindcast/domain';
import type { Notary } from '@hindcast/workers';
import { Registry } from 'prom-client';
import { isDistributed } from './config.ts';
import { tellFolding } from './embedded/tell-folding.ts';
import { apiInfo, buildApis, describeWholeApi } from './parts/apis.ts';
import { collectMetrics } from './parts/collect-metrics.ts';
import { type LongRunning, startLongRunning } from './parts/long-running.ts';
import { championsWithoutFile, checkChampions } from './parts/missing-files.ts';
import type { Ports } from './parts/ports.ts';
import { createPredictionMetrics } from './parts/prediction-metrics.ts';
import { createRequestMetrics } from './parts/request-metrics.ts';
import { ROLES, type Role } from './parts/roles.ts';
import { readyModels, registerSamples } from './parts/sample-models.ts';
import { createUndoStack } from './parts/undo-stack.ts';
import type { RunningHindcast, StartOptions, StartSummary } from './running-hindcast.ts';
import type { Config } from './settings.ts';
import { whileWaiting } from './while-waiting.ts';

/** Time for clients on kept-alive connections to send the request that gets the last answer on it. */
const drainGraceMs = 1_000;

/** For tests, which look at the log as an auditor would. */
export interface InspectableHindcast extends RunningHindcast {
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
}

/** Loaded when it is needed: an embedded run is spared the clients of services, a distributed one the database. */
export const openPorts = async (config: Config, logger: Logger): Promise<Ports> => {
  if (isDistributed(config)) {
    const { openDistributedPorts } = await import('./distributed/open-distributed-ports.ts');
    return openDistributedPorts(config, logger);
  }
  const { openEmbeddedPorts } = await import('./embedded/open-embedded-ports.ts');
  return openEmbeddedPorts(config);
};

const openToOthers =
  'Other machines can reach this port, and there are no accounts: whoever reaches it may do everything. ' +
  'Let them reach only a proxy that authenticates, or listen on loopback (HOST=127.0.0.1).';

/** Of a process that accepts nothing. */
const noProgress: ViewProgress = { knownAt: () => Number.NEGATIVE_INFINITY };

/**
 * A process of Hindcast, listening. With all roles it is the whole of it, on one port; where the settings name Kafka,
 * MongoDB and Redis the same parts run on those, and any number of processes with any roles share the work.
 */
export const startHindcast = async (
  config: Config,
  logger: Logger,
  given: readonly Role[] = ROLES,
  { ending, open = openPorts }: StartOptions & { readonly open?: typeof openPorts } = {},
): Promise<InspectableHindcast> => {
  const roles = new Set(given);
  const ports = await open(config, logger);
  const opened = createUndoStack();
  opened.push(() => ports.close());
  const begin = async (): Promise<InspectableHindcast> => {
    ending?.throwIfAborted();
    const registry = new Registry();
    const metrics = createPredictionMetrics(registry);
    const stillAt = <T>(work: Promise<T>, what: string): Promise<T> =>
      ports.shared ? whileWaiting(work, () => logger.warn({}, `Still ${what}.`)) : work;
    const running = await stillAt(
      startLongRunning(ports, roles, config, logger, opened, metrics),
      'reading what the log says of models and jobs',
    );
    const reading =
      ports.board && roles.has('command-api')
        ? opened.keep(await openBacklogReading({ ...ports, board: ports.board, logger }, config))
        : undefined;
    const progress = roles.has('command-api')
      ? opened.keep(await openViewProgress({ log: ports.requestReads ?? ports.log, views: ports.views.reader, logger }))
      : noProgress;
    const apis = buildApis(ports, running, reading ?? backlogOf(running), progress, metrics, config, logger);
    const servesAll = roles.has('command-api') && roles.has('query-api');
    const servesSome = roles.has('command-api') || roles.has('query-api');
    let starting = true;
    let draining = false;
    let noticeMs = 0;
    const server = buildHttpServer({
      logger,
      openapi: apiInfo,
      docsPage: servesSome,
      readiness: { starting: () => starting, draining: () => draining, checks: checksOf(ports, running, roles) },
      metrics: collectMetrics(registry, running),
      requests: createRequestMetrics(registry),
      trustProxy: config.trustProxy,
      ...(config.rateLimit > 0 && { rateLimit: { limits: ports.rateLimits, requestsMax: config.rateLimit } }),
      ...(servesSome && !servesAll && { wholeApi: await describeWholeApi(apis) }),
    });
    for (const role of ['command-api', 'query-api'] as const) if (roles.has(role)) server.register(apis[role]);
    opened.push(async () => {
      draining = true;
      if (server.server.listening) await pause(noticeMs);
      await drainAndClose(server, drainGraceMs);
      ports.hurry?.();
    });
    await server.ready();
    if (!ports.shared) await registerSamples(server, running.catalog, logger);
    // Views that have to be brought back take minutes: whoever asks meanwhile whether the process lives must hear that it does.
    const url = await server.listen({ host: config.host, port: config.port, backlog: connectionBacklog });
    const isOpen = server.addresses().some((at) => typeof at === 'object' && !isLoopback(at.address));
    if (servesSome && isOpen) logger.warn({ host: config.host }, openToOthers);
    const summary = await stillAt(settle(ports, running, config, logger), 'making models ready');
    starting = false;
    const stop = (how = { noticeMs: 0 }): Promise<void> => {
      noticeMs = how.noticeMs;
      return opened.undo();
    };
    return { url, log: ports.log, summary, lost: ports.lost, stop };
  };
  try {
    const started = ports.shared ? begin() : tellFolding(begin(), ports, logger);
    return await Promise.race([started, ...givenUpBy(ports.lost, ending)]);
  } catch (error) {
    await opened.undo().catch((err: unknown) => logger.warn({ err }, 'What was started could not be stopped.'));
    throw error;
  }
};

/** A start may wait for what no longer comes where the log is not the one that was opened. */
const givenUpBy = (lost: Promise<Error> | undefined, ending: AbortSignal | undefined): readonly Promise<never>[] => [
  ...(lost ? [lost.then((error) => Promise.reject(error))] : []),
  ...(ending ? [aborted(ending)] : []),
];

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });

/** What the door knows of the work that waits, where it is in this process. */
const backlogOf = ({ keeper, worker }: LongRunning): Backlog => ({
  open: () => keeper?.open() ?? 0,
  openOf: (tenant, model) => keeper?.openOf(tenant, model) ?? 0,
  countedTo: (partition) => keeper?.countedTo(partition) ?? Number.POSITIVE_INFINITY,
  expectedWaitMs: (...of) => worker?.expectedWaitMs(...of) ?? 0,
});

const checksOf = (
  { log, requestReads, views, artifacts, checks }: Ports,
  { catalog, jobs, projections, notary }: LongRunning,
  roles: ReadonlySet<Role>,
): Readonly<Record<string, ReadinessCheck>> => {
  const hasAny = (...wanted: readonly Role[]): boolean => wanted.some((role) => roles.has(role));
  const projecting = async () => {
    const failed = (await projections?.list())?.find(({ state }) => state === 'failed');
    if (failed) throw new Error(failed.error);
  };
  return {
    // Results are read from the views while the log is away, and most requests are accepted while the views are.
    log: {
      required: hasAny('command-api', 'worker', 'projector'),
      check: () => (requestReads ?? log).bounds(TOPICS.predictions),
    },
    views: {
      required: hasAny('query-api', 'projector'),
      check: () => views.reader.checkpoints('prediction-status'),
    },
    catalog: { required: hasAny('command-api', 'worker'), check: () => catalog.catchUp() },
    jobs: { required: false, check: () => jobs.catchUp() },
    models: { required: false, check: () => checkChampions(catalog, artifacts, DEFAULT_TENANT) },
    ...(projections && { projections: { required: false, check: projecting } }),
    ...(notary && { audit: { required: false, check: () => checkAudit(notary) } }),
    ...checks,
  };
};

const checkAudit = async (notary: Notary): Promise<void> => {
  const { mismatches } = notary.stats();
  if (mismatches.length === 0) return;
  throw new Error(`The log was changed in ${mismatches.join(', ')}: run \`npx hindcast audit verify\`.`);
};

/** Makes ready what the first requests will ask for, and tells what there is. */
const settle = async (
  ports: Ports,
  { catalog, runtime, projections, worker }: LongRunning,
  config: Config,
  logger: Logger,
): Promise<StartSummary> => {
  if (!ports.shared) await projections?.whenCaughtUp();
  await catalog.catchUp();
  const missing = await championsWithoutFile(catalog, ports.artifacts, DEFAULT_TENANT);
  if (missing.length > 0) logger.warn({ models: missing }, 'The files of these models are missing: their work waits.');
  const ready = worker && runtime ? await readyModels(runtime, catalog, DEFAULT_TENANT, missing) : noneReady;
  return { place: placeOf(config), missing, ...ready };
};

const noneReady = { models: [], moreModels: 0 } as const;

const placeOf = (config: Config): StartSummary['place'] => {
  if (isDistributed(config)) return { kind: 'services', brokers: config.kafkaBrokers };
  return config.memory ? { kind: 'memory' } : { kind: 'folder', folder: config.data };
};
