import { startDocumentStore } from './document-store.ts';
import { startKafka } from './kafka.ts';
import { ServiceMissing } from './ladder.ts';
import { startRedis } from './redis.ts';

/** Where each service answers; undefined for one that this machine could not be brought to have. */
export interface ServiceAddresses {
  readonly kafka: readonly string[] | undefined;
  readonly redis: string | undefined;
  readonly mongodb: string | undefined;
}

export interface AllServices {
  readonly addresses: ServiceAddresses;
  /** Process ids of those that were started here; undefined for one of the environment, or in a container. */
  readonly pids: Readonly<Record<keyof ServiceAddresses, number | undefined>>;
  /** One line for each service: how it was found, and how long that took. */
  readonly report: readonly string[];
  /** Why a service is missing, one text for each. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

/** Starts all of them at the same time. A service that is there but does not start is an error, not a missing one. */
export const startAllServices = async (): Promise<AllServices> => {
  const report: string[] = [];
  const missing: string[] = [];
  const stops: (() => Promise<void>)[] = [];
  const begin = performance.now();

  const start = async <T extends { way: string; stop(): Promise<void> }>(name: string, starting: Promise<T>) => {
    try {
      const service = await starting;
      stops.push(service.stop);
      const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
      report.push(`${name}: ${service.way}, ${seconds} s`);
      return service;
    } catch (error) {
      if (!(error instanceof ServiceMissing)) throw error;
      missing.push(error.message);
      return undefined;
    }
  };
  const stop = async () => {
    await Promise.all(stops.splice(0).map((one) => one()));
  };

  const [kafka, redis, store] = await Promise.allSettled([
    start('Kafka', startKafka()),
    start('Redis', startRedis()),
    start('MongoDB', startDocumentStore()),
  ]);
  if (kafka.status === 'rejected' || redis.status === 'rejected' || store.status === 'rejected') {
    await stop();
    throw new AggregateError(
      [kafka, redis, store].flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])),
      'A service could not be started.',
    );
  }
  return {
    addresses: { kafka: kafka.value?.brokers, redis: redis.value?.url, mongodb: store.value?.url },
    pids: { kafka: kafka.value?.pid(0), redis: redis.value?.pid(), mongodb: store.value?.pid() },
    report,
    missing,
    stop,
  };
};
