import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { countKafkaBrokers } from './kafka-answers.ts';
import { type KafkaCluster, kafkaClusterOf, startTogether } from './kafka-cluster.ts';
import { kafkaClusterId, kafkaProperties } from './kafka-properties.ts';
import { startProgram, temporaryFolder } from './program.ts';
import { runCommand } from './run-command.ts';

const formatTimeoutMs = 60_000;
/** Quick to start and small: a broker of tests lives for seconds. */
const javaOptions = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];
const formatterMemory = '-Xmx128m';
const brokerMemory = ['-Xms128m', '-Xmx512m'];

/** Brokers on loopback, each its own process and controller. */
export const startKafkaProcesses = async (java: string, jars: string, size: number): Promise<KafkaCluster> => {
  const ports = await freePorts(size * 3);
  const portsOf = (index: number) => ports.slice(index * 3) as [number, number, number];
  const indices = Array.from({ length: size }, (_, index) => index);
  const address = (port: number) => `127.0.0.1:${port}`;
  const brokers = indices.map((index) => address(portsOf(index)[0]));
  const voters = indices.map((index) => `${index + 1}@${address(portsOf(index)[2])}`).join();
  const classPath = join(jars, '*');

  const startBroker = async (index: number) => {
    const [client, broker, controller] = portsOf(index);
    const folder = await temporaryFolder('kafka');
    const file = join(folder, 'server.properties');
    const advertisedListeners = `CLIENT://${address(client)},BROKER://${address(broker)}`;
    const properties = kafkaProperties({
      id: index + 1,
      listeners: `${advertisedListeners},CONTROLLER://${address(controller)}`,
      advertisedListeners,
      voters,
      clusterSize: size,
      dataFolder: join(folder, 'data'),
    });
    const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(file, lines.join(''));
    await runCommand(
      java,
      [
        ...[...javaOptions, formatterMemory, '-cp', classPath],
        ...['kafka.tools.StorageTool', 'format', '-g', '-t', kafkaClusterId, '-c', file],
      ],
      { timeoutMs: formatTimeoutMs },
    );
    return startProgram({
      name: `Kafka broker ${index}`,
      command: java,
      args: [...javaOptions, ...brokerMemory, '-cp', classPath, 'kafka.Kafka', file],
      folder,
      ready: async () => (await countKafkaBrokers([address(client)])) === size,
    });
  };

  const instances = await startTogether(indices.map(startBroker));
  return kafkaClusterOf(brokers, instances, async () => {
    await Promise.all(instances.map((instance) => instance.stop()));
  });
};
