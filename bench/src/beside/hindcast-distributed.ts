import { allOf, type Cluster, startAllServices, startCluster } from '@hindcast/tests/measuring';
import { addModel, hindcastAnswer, hindcastMeasures, openMax } from './hindcast-door.ts';
import { loopModels } from './model-files.ts';
import type { Peer } from './peer.ts';
import { startTogether } from './peer-process.ts';

const oneOfEach = { 'command-api': 1, 'query-api': 1, worker: 1, projector: 1 };

const onlyOne = ({ processes }: Cluster, role: keyof Cluster['processes']) => {
  const [first] = processes[role];
  if (!first) throw new Error(`there is no ${role}`);
  return first;
};

/** One process of each kind on one Kafka broker, a document store and Redis. */
export const hindcastDistributed: Peer = {
  name: 'distributed',
  title: 'Hindcast, distributed',
  ours: true,
  start: () =>
    startTogether(async (keep) => {
      const services = keep(await startAllServices());
      const env = { HINDCAST_OPEN_MAX: openMax };
      const cluster = keep(await startCluster({ services: allOf(services.addresses), sizes: oneOfEach, env }));
      const commandUrl = onlyOne(cluster, 'command-api').url;
      const churn = loopModels.find(({ name }) => name === 'churn');
      if (churn) await addModel(cluster.url, churn);
      const ours = Object.values(cluster.processes).flatMap((members) => members.map(({ pid }) => pid));
      const door = {
        commandUrl,
        queryUrl: onlyOne(cluster, 'query-api').url,
        keeperUrl: onlyOne(cluster, 'projector').url,
        pids: [...ours, ...Object.values(services.pids).filter((pid) => pid !== undefined)],
      };
      return { measures: hindcastMeasures(door), answer: hindcastAnswer(commandUrl) };
    }),
};
