import { join } from 'node:path';
import { findProgram } from './find-program.ts';
import { archiveKafkaClasses } from './kafka-classes.ts';
import { findJava, installKafka } from './kafka-jars.ts';
import { findRedis, installRedis } from './redis-program.ts';
import { buildSecantus, secantusFromPython } from './secantus.ts';

const kafka = async (): Promise<string> => {
  const java = await findJava();
  if ('because' in java) return java.because;
  const maven = await findProgram('mvn');
  if (!maven) return 'there is no mvn';
  const folder = await installKafka(maven);
  await archiveKafkaClasses(java, join(folder, 'jars'));
  return folder;
};

const redis = async (): Promise<string> => (await findRedis()) ?? (await installRedis()) ?? 'there is no apt-get';

const documentStore = async (): Promise<string> => {
  const program = await findProgram('mongod');
  if (program) return program;
  const secantus = (await buildSecantus()) ?? (await secantusFromPython());
  return secantus?.detail ?? 'there is neither cargo nor python3';
};

/**
 * Fetches and builds what this machine can run by itself, the fast form of each, however long it takes. Answers one line
 * for each service; refuses when something that should work does not.
 */
export const installEverything = async (): Promise<string[]> => {
  const parts = { Kafka: kafka(), Redis: redis(), 'Document store': documentStore() };
  return Promise.all(Object.entries(parts).map(async ([name, part]) => `${name}: ${await part}`));
};
