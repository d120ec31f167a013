import { join } from 'node:path';
import type { Certificates } from './certificates.ts';
import { findProgram } from './find-program.ts';
import { freePorts } from './free-ports.ts';
import { countKafkaBrokers } from './kafka-answers.ts';
import { startKafkaBroker } from './kafka-broker.ts';
import { archivedKafkaClasses } from './kafka-classes.ts';
import { findJava, installedKafka, installKafka } from './kafka-jars.ts';
import { kafkaProperties } from './kafka-properties.ts';
import { temporaryFolder } from './program.ts';

export interface KafkaUser {
  readonly name: string;
  readonly password: string;
}

/** One broker that asks who is there, over TLS. What a user may do is left to its rules, of which it has none yet. */
export interface SecuredKafka {
  /** `host:port` of SASL_SSL, by the name that the certificate has. */
  readonly sasl: string;
  /** The same broker by a certificate that has expired, and by one of another host. */
  readonly expired: string;
  readonly elsewhere: string;
  /** SSL with client certificates, whose subject is the user. */
  readonly mutual: string;
  /** In plain text, and anybody is the administrator: for the test alone. */
  readonly plain: string;
  stop(): Promise<void>;
}

const plainLogin = ({ name, password }: KafkaUser) =>
  `org.apache.kafka.common.security.plain.PlainLoginModule required user_${name}="${password}";`;
const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

/** undefined where there is no Java, or no way to Kafka's jars. */
export const startSecuredKafka = async (
  { server, expired, elsewhere, ca }: Certificates,
  user: KafkaUser,
): Promise<SecuredKafka | undefined> => {
  const java = await findJava();
  if ('because' in java) return undefined;
  const maven = await findProgram('mvn');
  const jars = (await installedKafka()) ?? (maven && (await installKafka(maven)));
  if (!jars) return undefined;

  const ports = await freePorts(6);
  const names = ['SASL', 'EXPIRED', 'ELSEWHERE', 'MUTUAL', 'BROKER', 'CONTROLLER'];
  const hostOf = (name: string) => (name === 'BROKER' || name === 'CONTROLLER' ? '127.0.0.1' : 'localhost');
  const address = (name: string) => `${hostOf(name)}:${ports[names.indexOf(name)]}`;
  const listenersOf = (of: readonly string[]) => of.map((name) => `${name}://${address(name)}`).join();
  const folder = await temporaryFolder('secured-kafka');

  const presents = (listener: string, certificate: { readonly both: string }) => ({
    [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
    [`listener.name.${listener}.ssl.keystore.location`]: certificate.both,
  });
  const asks = (listener: string) => ({
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`listener.name.${listener}.plain.sasl.jaas.config`]: plainLogin(user),
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: scramLogin,
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: scramLogin,
  });
  const properties = {
    ...kafkaProperties({
      id: 1,
      listeners: listenersOf(names),
      advertisedListeners: listenersOf(names.filter((name) => name !== 'CONTROLLER')),
      voters: `1@${address('CONTROLLER')}`,
      clusterSize: 1,
      dataFolder: join(folder, 'data'),
    }),
    'listener.security.protocol.map':
      'SASL:SASL_SSL,EXPIRED:SASL_SSL,ELSEWHERE:SASL_SSL,MUTUAL:SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    ...presents('sasl', server),
    ...presents('expired', expired),
    ...presents('elsewhere', elsewhere),
    ...presents('mutual', server),
    ...asks('sasl'),
    ...asks('expired'),
    ...asks('elsewhere'),
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.mutual.ssl.truststore.type': 'PEM',
    'listener.name.mutual.ssl.truststore.location': ca,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
  };
  const scram = (mechanism: string) => ['--add-scram', `${mechanism}=[name=${user.name},password=${user.password}]`];
  const broker = await startKafkaBroker({
    name: 'Kafka with TLS and SASL',
    java: java.path,
    javaOptions: await archivedKafkaClasses(java),
    jars: join(jars, 'jars'),
    folder,
    properties,
    formatArgs: [...scram('SCRAM-SHA-256'), ...scram('SCRAM-SHA-512')],
    ready: async () => (await countKafkaBrokers([address('BROKER')])) === 1,
  });
  return {
    sasl: address('SASL'),
    expired: address('EXPIRED'),
    elsewhere: address('ELSEWHERE'),
    mutual: address('MUTUAL'),
    plain: address('BROKER'),
    stop: broker.stop,
  };
};
