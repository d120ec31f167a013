import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instance } from './instance.ts';
import { kafkaClusterId } from './kafka-properties.ts';
import { startProgram } from './program.ts';
import { runCommand } from './run-command.ts';

const formatTimeoutMs = 60_000;
/** Quick to start and small: a broker of tests lives for seconds. */
const quickOptions = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];
const formatterMemory = '-Xmx128m';
const brokerMemory = ['-Xms128m', '-Xmx512m'];

export interface KafkaBroker {
  readonly name: string;
  /** The program. */
  readonly java: string;
  readonly javaOptions?: readonly string[];
  /** Folder of Kafka's jars. */
  readonly jars: string;
  /** Owned by the broker. */
  readonly folder: string;
  readonly properties: Readonly<Record<string, string | number>>;
  /** What the new store is told besides, such as users. */
  readonly formatArgs?: readonly string[];
  ready(): Promise<boolean>;
}

/** Formats a store and starts a broker on it. */
export const startKafkaBroker = async (broker: KafkaBroker): Promise<Instance> => {
  const { name, java, javaOptions = [], jars, folder, properties, formatArgs = [], ready } = broker;
  const classPath = join(jars, '*');
  const file = join(folder, 'server.properties');
  const lines = Object.entries(properties).map(([property, value]) => `${property}=${value}\n`);
  await writeFile(file, lines.join(''));
  await runCommand(
    java,
    [
      ...[...quickOptions, ...javaOptions, formatterMemory, '-cp', classPath],
      ...['kafka.tools.StorageTool', 'format', '-g', '-t', kafkaClusterId, '-c', file, ...formatArgs],
    ],
    { timeoutMs: formatTimeoutMs },
  );
  const args = [...quickOptions, ...javaOptions, ...brokerMemory, '-cp', classPath, 'kafka.Kafka', file];
  return startProgram({ name, command: java, args, folder, ready });
};
