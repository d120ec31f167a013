import { Type } from '@sinclair/typebox';
import type { Setting } from './setting.ts';

const path = Type.Optional(Type.String({ minLength: 1, maxLength: 4096 }));
const mechanism = Type.Union([Type.Literal('plain'), Type.Literal('scram-sha-256'), Type.Literal('scram-sha-512')]);
const userCharsMax = 255;
const passwordCharsMax = 4096;

/** How the services of a distributed run are trusted, and how they know this process. MongoDB's URI says all of its own. */
export const securitySettings = {
  kafkaSsl: {
    schema: Type.Boolean({ default: false }),
    env: 'KAFKA_SSL',
    description: 'Speak TLS with Kafka',
  },
  kafkaSslCa: {
    schema: path,
    env: 'KAFKA_SSL_CA',
    description: 'PEM file of the authority that signed the certificates of Kafka, where the system does not know it',
  },
  kafkaSslCert: {
    schema: path,
    env: 'KAFKA_SSL_CERT',
    description: 'PEM file of the certificate that this process shows to Kafka',
  },
  kafkaSslKey: { schema: path, env: 'KAFKA_SSL_KEY', description: 'PEM file of the key of that certificate' },
  kafkaSaslMechanism: {
    schema: Type.Optional(mechanism),
    env: 'KAFKA_SASL_MECHANISM',
    description: 'How this process says to Kafka who it is',
  },
  kafkaSaslUsername: {
    schema: Type.Optional(Type.String({ minLength: 1, maxLength: userCharsMax })),
    env: 'KAFKA_SASL_USERNAME',
    description: 'The user that it says it is',
  },
  kafkaSaslPassword: {
    schema: Type.Optional(Type.String({ minLength: 1, maxLength: passwordCharsMax })),
    env: 'KAFKA_SASL_PASSWORD',
    secret: true,
    description: 'The password of that user',
  },
  redisSslCa: {
    schema: path,
    env: 'REDIS_SSL_CA',
    description: 'PEM file of the authority that signed the certificate of Redis (`rediss://`)',
  },
  redisSslCert: {
    schema: path,
    env: 'REDIS_SSL_CERT',
    description: 'PEM file of the certificate that this process shows to Redis',
  },
  redisSslKey: { schema: path, env: 'REDIS_SSL_KEY', description: 'PEM file of the key of that certificate' },
} satisfies Readonly<Record<string, Setting>>;
