import {
  encode,
  type Failure,
  type Identity,
  type Logger,
  type ModelCatalog,
  type ModelEventOf,
  type ModelVersion,
  makeEvent,
  TOPICS,
} from '@hindcast/domain';
import type { DurableAppender } from './durable-append.ts';
import type { OpenEntry } from './open-set.ts';

/** Takes a model version that keeps killing its process out of service, until somebody resumes it. */
export const quarantineOf = (ports: {
  readonly catalog: ModelCatalog;
  readonly identity: Identity;
  readonly appender: DurableAppender;
  readonly logger: Logger | undefined;
}) => {
  const { catalog, identity, appender, logger } = ports;
  return {
    /** Resolves when this process knows it too. */
    async append(entry: OpenEntry, detail: string): Promise<void> {
      const { model, sha256 } = entry.fold.request;
      const event = makeEvent<ModelEventOf<'ModelVersionQuarantined'>>({
        id: identity.newId(),
        source: '/hindcast/worker',
        type: 'ModelVersionQuarantined',
        at: identity.now(),
        tenant: entry.tenant,
        subject: model,
        data: { sha256, error: { code: 'model_crashed', detail: detail.slice(0, 2_048) } },
      });
      logger?.error({ tenant: entry.tenant, model, sha256, detail }, 'the model keeps crashing and is quarantined');
      const [outcome] = await appender.append(TOPICS.models, [encode(event)]);
      if (!outcome?.ok) return;
      await catalog.catchUp().catch((err: unknown) => logger?.warn({ err }, 'the model catalog lags'));
    },
    failure: ({ version, error }: ModelVersion): Failure => ({
      code: 'model_quarantined',
      detail: `Version ${version} crashed again and again and is out of service until the model is resumed: ${error?.detail ?? ''}`,
    }),
  };
};
