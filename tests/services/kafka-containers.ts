import type { ContainerEngine } from './container.ts';
import { freePorts } from './free-ports.ts';
import { countKafkaBrokers } from './kafka-answers.ts';
import { type KafkaCluster, kafkaClusterOf, startTogether } from './kafka-cluster.ts';
import { kafkaClusterId, kafkaProperties } from './kafka-properties.ts';

/** Below the range that `freePorts` takes from. */
const brokerPort = 9_092;
const controllerPort = 9_093;
/** Inside the image's own writable folder. */
const dataFolder = '/var/lib/kafka/data';

/** Apache's image turns `KAFKA_NODE_ID` into `node.id`. */
const variableOf = (property: string) => `KAFKA_${property.toUpperCase().replaceAll('.', '_')}`;

/** Brokers in containers of one network; clients reach each at a port of this machine. */
export const startKafkaContainers = async (
  engine: ContainerEngine,
  image: string,
  size: number,
): Promise<KafkaCluster> => {
  const ports = await freePorts(size);
  const network = await engine.network();
  const brokers = ports.map((port) => `127.0.0.1:${port}`);
  const voters = ports.map((_, index) => `${index + 1}@kafka-${index}:${controllerPort}`).join();

  const startBroker = (port: number, index: number) => {
    const properties = kafkaProperties({
      id: index + 1,
      listeners: `CLIENT://:${port},BROKER://:${brokerPort},CONTROLLER://:${controllerPort}`,
      advertisedListeners: `CLIENT://127.0.0.1:${port},BROKER://kafka-${index}:${brokerPort}`,
      voters,
      clusterSize: size,
      dataFolder,
    });
    const settings = Object.entries(properties).map(([name, value]) => [variableOf(name), String(value)]);
    return engine.start({
      name: `Kafka broker ${index}`,
      image,
      env: { ...Object.fromEntries(settings), CLUSTER_ID: kafkaClusterId },
      port,
      network: { of: network, alias: `kafka-${index}` },
      ready: async () => (await countKafkaBrokers([`127.0.0.1:${port}`])) === size,
    });
  };

  try {
    const instances = await startTogether(ports.map(startBroker));
    return kafkaClusterOf(brokers, instances, async () => {
      await Promise.all(instances.map((instance) => instance.stop()));
      await network.stop();
    });
  } catch (error) {
    await network.stop();
    throw error;
  }
};
