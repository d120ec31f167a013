import { buildHttpServer, type HttpServer, type WholeApi, wholeApiOf } from '@hindcast/adapters/http';
import { nodeAuditCrypto } from '@hindcast/adapters/node';
import { commandApi, createDoorReservations, type ViewProgress } from '@hindcast/command-api';
import { type Backlog, type Logger, type ModelRuntime, redactionKeyIdOf } from '@hindcast/domain';
import { queryApi } from '@hindcast/query-api';
import type { Config } from '../settings.ts';
import { version } from '../version.ts';
import type { LongRunning } from './long-running.ts';
import { type Ports, requestLogOf } from './ports.ts';
import type { PredictionMetrics } from './prediction-metrics.ts';
import type { Role } from './roles.ts';

export const apiInfo = {
  title: 'Hindcast',
  version,
  description: 'Asynchronous predictions on an event log: submit, predict, read, replay.',
};

export interface Apis {
  readonly 'command-api': ReturnType<typeof commandApi>;
  readonly 'query-api': ReturnType<typeof queryApi>;
}

const noModels: Pick<ModelRuntime, 'inspect' | 'run'> = {
  inspect: async () => ({ ok: false, refusal: { code: 'no_runtime', detail: 'This process runs no models.' } }),
  run: async () => ({ ok: false, reason: 'stopped', detail: 'This process runs no models.' }),
};

export const buildApis = (
  ports: Ports,
  { catalog, jobs, runtime }: Pick<LongRunning, 'catalog' | 'jobs' | 'runtime'>,
  backlog: Backlog,
  viewProgress: ViewProgress,
  { accepted: onAccepted }: Pick<PredictionMetrics, 'accepted'>,
  config: Config,
  logger: Logger,
): Apis => {
  const { views, bus, cache, artifacts, reservations, identity, extractor } = ports;
  const log = requestLogOf(ports);
  return {
    'command-api': commandApi(
      {
        ...{ log, catalog, jobs, views: views.reader, bus, cache, artifacts, backlog, identity, logger, onAccepted },
        reservations: createDoorReservations(reservations, viewProgress, backlog.shared?.claims),
        runtime: runtime ?? noModels,
        projections: views,
        datasets: {
          extractor,
          redactionKeyId:
            config.redactionKey === undefined ? undefined : redactionKeyIdOf(config.redactionKey, identity.sha256),
        },
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
    'query-api': queryApi(
      {
        ...{ log, jobs, views: views.reader, bus, cache, artifacts, identity, logger, auditCrypto: nodeAuditCrypto },
        projections: views,
      },
      { version },
    ),
  };
};

/** What all processes behind one address answer together, made of a server that never listens. */
export const describeWholeApi = async (apis: Apis): Promise<WholeApi> => {
  const server: HttpServer = buildHttpServer({ openapi: apiInfo, docsPage: false });
  for (const role of ['command-api', 'query-api'] as const satisfies readonly Role[]) server.register(apis[role]);
  await server.ready();
  const whole = wholeApiOf(server);
  await server.close();
  return whole;
};
