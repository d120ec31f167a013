import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { countKafkaBrokers } from './kafka-answers.ts';
import { type KafkaBroker, startKafkaBroker } from './kafka-broker.ts';
import { type KafkaCluster, kafkaClusterOf, startTogether } from './kafka-cluster.ts';
import { kafkaProperties } from './kafka-properties.ts';
import { temporaryFolder } from './program.ts';

/** Brokers on loopback, each its own process and controller. */
export const startKafkaProcesses = async ({
  size,
  ...program
}: Pick<KafkaBroker, 'java' | 'javaOptions' | 'jars'> & { readonly size: number }): Promise<KafkaCluster> => {
  const ports = await freePorts(size * 3);
  const portsOf = (index: number) => ports.slice(index * 3) as [number, number, number];
  const indices = Array.from({ length: size }, (_, index) => index);
  const address = (port: number) => `127.0.0.1:${port}`;
  const brokers = indices.map((index) => address(portsOf(index)[0]));
  const voters = indices.map((index) => `${index + 1}@${address(portsOf(index)[2])}`).join();

  const startBroker = async (index: number) => {
    const [client, broker, controller] = portsOf(index);
    const folder = await temporaryFolder('kafka');
    const advertisedListeners = `CLIENT://${address(client)},BROKER://${address(broker)}`;
    const properties = kafkaProperties({
      id: index + 1,
      listeners: `${advertisedListeners},CONTROLLER://${address(controller)}`,
      advertisedListeners,
      voters,
      clusterSize: size,
      dataFolder: join(folder, 'data'),
    });
    const ready = async () => (await countKafkaBrokers([address(client)])) === size;
    return startKafkaBroker({ ...program, name: `Kafka broker ${index}`, folder, properties, ready });
  };

  const instances = await startTogether(indices.map(startBroker));
  return kafkaClusterOf(brokers, instances, async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
  });
};
