import { join } from 'node:path';
import { installed, installOnce } from './cache.ts';
import { type Java, kafkaVersion } from './kafka-jars.ts';
import { startKafkaProcesses } from './kafka-processes.ts';
import { waitUntil } from './wait-until.ts';

const keyOf = ({ version }: Java): string => `kafka-${kafkaVersion}-classes-java-${version}`;
const fileName = 'classes.jsa';
const endTimeoutMs = 60_000;

/**
 * Keeps Kafka's classes as Java has them when they are loaded and checked: half of the processor time of a start, and tests
 * start dozens of brokers. Java goes without them where they are of another Java, or the jars lie elsewhere.
 */
export const archiveKafkaClasses = (java: Java, jars: string): Promise<string> =>
  installOnce(keyOf(java), async (folder) => {
    const kafka = await startKafkaProcesses({
      java: java.path,
      jars,
      size: 1,
      javaOptions: [`-XX:ArchiveClassesAtExit=${join(folder, fileName)}`],
    });
    try {
      // Java writes the archive when it ends by itself.
      process.kill(kafka.pid(0) ?? 0, 'SIGTERM');
      await waitUntil('Kafka has written its classes', endTimeoutMs, () => kafka.pid(0) === undefined);
    } finally {
      await kafka.stop();
    }
  });

/** What tells Java of the archive, where there is one. */
export const archivedKafkaClasses = async (java: Java): Promise<readonly string[]> => {
  const folder = await installed(keyOf(java));
  return folder ? [`-XX:SharedArchiveFile=${join(folder, fileName)}`] : [];
};
