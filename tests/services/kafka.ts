import { join } from 'node:path';
import { findContainerEngine } from './container.ts';
import { findProgram } from './find-program.ts';
import { foreignInstance } from './instance.ts';
import { countKafkaBrokers } from './kafka-answers.ts';
import { archivedKafkaClasses } from './kafka-classes.ts';
import { type KafkaCluster, kafkaClusterOf } from './kafka-cluster.ts';
import { startKafkaContainers } from './kafka-containers.ts';
import { findJava, installedKafka, installKafka, kafkaVersion } from './kafka-jars.ts';
import { startKafkaProcesses } from './kafka-processes.ts';
import { climb, type Found } from './ladder.ts';

export interface KafkaOptions {
  /** Three keep every record at least twice before they acknowledge it. */
  readonly brokers?: 1 | 3;
  /** Brokers that a test may kill: not those of the environment. */
  readonly killable?: boolean;
}

const image = `apache/kafka:${kafkaVersion}`;

/** A Kafka of its own for each call, except where KAFKA_BROKERS names one. */
export const startKafka = ({
  brokers: size = 1,
  killable = false,
}: KafkaOptions = {}): Promise<KafkaCluster & Found> => {
  const fromJars = async (folder: string) => {
    const java = await findJava();
    if ('because' in java) return java;
    const javaOptions = await archivedKafkaClasses(java);
    const service = await startKafkaProcesses({ java: java.path, javaOptions, jars: join(folder, 'jars'), size });
    return { service, detail: `Kafka ${kafkaVersion}, Java ${java.version}, ${folder}` };
  };

  return climb('Kafka', [
    {
      way: 'address in the environment',
      mustWork: true,
      async climb() {
        const named = process.env['KAFKA_BROKERS'];
        if (!named) return { because: 'KAFKA_BROKERS is not set' };
        if (killable) return { because: 'the brokers in KAFKA_BROKERS are not ours to kill' };
        const addresses = named.split(',').map((address) => address.trim());
        const there = await countKafkaBrokers(addresses);
        if (there < size) return { because: `KAFKA_BROKERS leads to ${there} brokers, not ${size}` };
        return {
          service: kafkaClusterOf(
            addresses,
            addresses.map(() => foreignInstance),
            async () => {},
          ),
          detail: named,
        };
      },
    },
    {
      way: 'program on this machine',
      async climb() {
        const folder = await installedKafka();
        return folder ? fromJars(folder) : { because: `Kafka ${kafkaVersion} is not in the cache` };
      },
    },
    {
      way: 'Docker',
      async climb() {
        const engine = await findContainerEngine();
        if (!engine) return { because: 'no engine answers' };
        return { service: await startKafkaContainers(engine, image, size), detail: image };
      },
    },
    {
      way: 'installed from Maven',
      async climb() {
        const java = await findJava();
        if ('because' in java) return java;
        const maven = await findProgram('mvn');
        return maven ? fromJars(await installKafka(maven)) : { because: 'there is no mvn' };
      },
    },
  ]);
};
