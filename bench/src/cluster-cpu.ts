import type { AllServices, Cluster } from '@hindcast/tests/measuring';
import { cpuUsOfTree } from './process-tree.ts';

const roles = ['command-api', 'worker', 'projector', 'query-api'] as const;
const serviceNames = { kafka: 'Kafka', mongodb: 'document store', redis: 'Redis' } as const;

/** User and system time so far, in µs, by kind of process; NaN for a service that this run did not start. */
export interface ClusterCpu {
  readonly ours: ReadonlyMap<string, number>;
  readonly services: ReadonlyMap<string, number>;
}

export const cpuOfCluster = async ({ processes }: Cluster, pids: AllServices['pids']): Promise<ClusterCpu> => {
  const ours = new Map<string, number>();
  const add = (name: string, us: number) => ours.set(name, (ours.get(name) ?? 0) + us);
  for (const role of roles) {
    for (const { pid } of processes[role]) {
      const { main, children } = await cpuUsOfTree(pid);
      add(role, main);
      if (role === 'worker') add('inference', children);
    }
  }
  const services = new Map<string, number>();
  for (const name of ['kafka', 'mongodb', 'redis'] as const) {
    const pid = pids[name];
    const { main, children } = pid === undefined ? { main: Number.NaN, children: 0 } : await cpuUsOfTree(pid);
    services.set(serviceNames[name], main + children);
  }
  return { ours, services };
};

export const cpuBetween = (before: ClusterCpu, after: ClusterCpu): ClusterCpu => {
  const less = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>) =>
    new Map([...to].map(([name, us]) => [name, us - (from.get(name) ?? 0)]));
  return { ours: less(before.ours, after.ours), services: less(before.services, after.services) };
};

export const sumOf = (us: ReadonlyMap<string, number>): number => [...us.values()].reduce((sum, one) => sum + one, 0);
