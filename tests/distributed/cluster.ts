import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from 'hindcast';
import type { ServiceAddresses } from '../services/start-all.ts';
import { waitUntil } from '../services/wait-until.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { type HindcastProcess, type Launch, startHindcastProcess } from './hindcast-process.ts';

/** Where the services of a cluster are. */
export type Services = { readonly [Name in keyof ServiceAddresses]: NonNullable<ServiceAddresses[Name]> };

/** All services, or an error that says which one this machine does not have. */
export const allOf = (services: ServiceAddresses): Services => {
  const { kafka, redis, mongodb } = services;
  if (!kafka || !redis || !mongodb) throw new Error('Kafka, Redis or a document store is missing on this machine.');
  return { kafka, redis, mongodb };
};

/** How many processes of each kind. */
export type Sizes = Readonly<Record<Role, number>>;
export const twoOfEach: Sizes = { 'command-api': 2, 'query-api': 2, worker: 2, projector: 2 };

export interface ClusterOptions {
  readonly services: Services;
  readonly sizes?: Sizes;
  /** Names the log among others on the same services; a new one where it is left out. */
  readonly name?: string;
  /** Further settings, as variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Port of the balancer; a free one where it is left out. */
  readonly port?: number;
  /** What starts its processes, where they are not started by the command line. */
  readonly launch?: Launch;
}

/** Processes of Hindcast that share one log, behind one address. */
export interface Cluster extends Pick<Balancer, 'url'> {
  readonly name: string;
  /** The living ones, by kind. */
  readonly processes: Readonly<Record<Role, HindcastProcess[]>>;
  /** One more. */
  start(role: Role, env?: Readonly<Record<string, string>>, program?: readonly string[]): Promise<HindcastProcess>;
  /** Takes a process out of the balancer and the list; ending it is up to the caller. */
  forget(process: HindcastProcess): void;
  /** The newest lines of all living processes, for the message of a failing test. */
  said(): string;
  stop(): Promise<void>;
}

const saidLinesMax = 20;
const saidCharsMax = 300;
const shareMsMax = 120_000;
/** A projector asks Kafka and the store for its lag at each look at its metrics. */
const shareLookMs = 300;

const heldBy = async ({ url }: HindcastProcess): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^hindcast_partitions_held\{part="(?:worker|keeper)"\} (\d+)$/m.exec(text)?.[1] ?? 0);
};

/** Lines of JSON, shortened. A Redis that is slow is told of too often to be of interest. */
const newestLines = (process: HindcastProcess): string =>
  process
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.includes('Redis'))
    .slice(-saidLinesMax)
    .map((line) => {
      if (!line.startsWith('{')) return line;
      const { time, msg, err, ...more } = JSON.parse(line) as Record<string, unknown>;
      const why = (err as { message?: string } | undefined)?.message ?? '';
      const fields = Object.entries(more).filter(([, value]) => typeof value !== 'object');
      return `  ${String(time)} ${String(msg)} ${why} ${fields.map(([name, value]) => `${name}=${String(value)}`).join(' ')}`;
    })
    .map((line) => line.slice(0, saidCharsMax))
    .join('\n');

/** Until then a process may have to take a partition over, and what is open there begins another attempt. */
export const partitionsShared = async ({ worker, projector }: Cluster['processes']): Promise<void> => {
  for (const members of [worker, projector]) {
    await waitUntil(
      'every member has its share of the partitions',
      shareMsMax,
      async () => (await Promise.all(members.map(heldBy))).every((held) => held > 0),
      shareLookMs,
    );
  }
};

/** Names the log of a cluster among others on the same services. */
export const topicPrefixOf = (name: string): string => `${name}.`;

export const startCluster = async ({
  services,
  sizes = twoOfEach,
  name = `t${randomUUID().slice(0, 8)}`,
  env = {},
  port = 0,
  launch = startHindcastProcess,
}: ClusterOptions): Promise<Cluster> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-cluster-'));
  const shared = {
    KAFKA_BROKERS: services.kafka.join(),
    MONGODB_URI: services.mongodb,
    REDIS_URL: services.redis,
    HINDCAST_TOPIC_PREFIX: topicPrefixOf(name),
    HINDCAST_DATABASE: name,
    HINDCAST_REPLICATION_FACTOR: '1',
    HINDCAST_CHILDREN: '1',
    HINDCAST_DATA: folder,
    ...env,
  };
  const processes: Cluster['processes'] = { 'command-api': [], 'query-api': [], worker: [], projector: [] };
  const start: Cluster['start'] = async (role, more = {}, program) => {
    const process = await launch([role], { ...shared, ...more }, program);
    processes[role].push(process);
    return process;
  };
  const balancer = await startBalancer(
    {
      commands: () => processes['command-api'].map(({ url }) => url),
      queries: () => processes['query-api'].map(({ url }) => url),
    },
    port,
  );
  const all = () => Object.values(processes).flat();
  const roles = Object.keys(sizes) as Role[];
  const stop = async () => {
    await balancer.stop();
    await Promise.all(all().map((process) => process.terminate()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const starts = roles.flatMap((role) => Array.from({ length: sizes[role] }, () => start(role)));
    const failed = (await Promise.allSettled(starts)).find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    await partitionsShared(processes);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name,
    url: balancer.url,
    processes,
    start,
    forget(process) {
      for (const role of roles) {
        const at = processes[role].indexOf(process);
        if (at >= 0) processes[role].splice(at, 1);
      }
    },
    said: () =>
      roles
        .flatMap((role) => processes[role].map((one) => `${role} ${one.pid} ${one.url}\n${newestLines(one)}`))
        .join('\n'),
    stop,
  };
};
