import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, installOnce } from './cache.ts';
import { findProgram } from './find-program.ts';
import { runCommand } from './run-command.ts';

export const kafkaVersion = '4.1.1';
const key = `kafka-${kafkaVersion}`;
const loggerVersion = '1.7.36';
const javaLowest = 17;
const javaTimeoutMs = 30_000;
const mavenTimeoutMs = 5 * 60_000;

const dependency = (group: string, artifact: string, version: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>hindcast</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', kafkaVersion)}
    ${dependency('org.slf4j', 'slf4j-simple', loggerVersion)}
  </dependencies>
</project>
`;

export interface Java {
  readonly path: string;
  readonly version: number;
}

/** A Java that Kafka runs on, or why there is none. */
export const findJava = async (): Promise<Java | { readonly because: string }> => {
  const home = process.env['JAVA_HOME'];
  const path = await findProgram('java', home ? [join(home, 'bin')] : []);
  if (!path) return { because: 'there is no java' };
  const output = await runCommand(path, ['-version'], { timeoutMs: javaTimeoutMs });
  const version = Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
  return version >= javaLowest ? { path, version } : { because: `${path} is older than Java ${javaLowest}` };
};

export const installedKafka = (): Promise<string | undefined> => installed(key);

/** Apache's own jars, from the Maven repository that this machine is set up for. Resolves with their folder. */
export const installKafka = async (maven: string): Promise<string> =>
  installOnce(key, async (folder) => {
    const file = join(folder, 'pom.xml');
    const jars = join(folder, 'jars-under-way');
    await writeFile(file, pom);
    await runCommand(
      maven,
      ['-q', '-B', '-f', file, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`],
      { timeoutMs: mavenTimeoutMs },
    );
    await rename(jars, join(folder, 'jars'));
  });
