import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteEventLog } from '@hindcast/adapters/sqlite';
import { TOPICS } from '@hindcast/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Certificates, makeCertificates } from '../services/certificates.ts';
import { allowKafkaUser, kafkaMovers, kafkaWriters } from '../services/kafka-rules.ts';
import { temporaryFolder } from '../services/program.ts';
import { type SecuredDocumentStore, startSecuredDocumentStore } from '../services/secured-document-store.ts';
import { type SecuredKafka, startSecuredKafka } from '../services/secured-kafka.ts';
import { type SecuredRedis, startSecuredRedis } from '../services/secured-redis.ts';

const launcher = fileURLToPath(new URL('../../hindcast/bin/hindcast.js', import.meta.url));
const user = { name: 'hindcast', password: 'Correct-Horse-7' };
const wrongPassword = 'Battery-Staple-9';
const { kafka: brokers, redis: redisUrl, mongodb: mongodbUri } = inject('services');

/** Each process with one secured service and two of the run: who of them refuses is beyond doubt. */
describe.skipIf(!brokers || !redisUrl || !mongodbUri)('a process among services that ask who is there', () => {
  let certificates: Certificates;
  let kafka: SecuredKafka;
  let redis: SecuredRedis;
  let store: SecuredDocumentStore;
  let folder: string;
  const stops: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const made = await makeCertificates();
    if (!made) throw new Error('There is no openssl: nothing of this was tested.');
    certificates = made;
    const started = await Promise.all([
      startSecuredKafka(made, user),
      startSecuredRedis({ certificates: made, shows: made.server, user }),
      startSecuredDocumentStore({ certificates: made, shows: made.server, user }),
    ]);
    const [first, second, third] = started;
    stops.push(...started.flatMap((one) => (one ? [one.stop] : [])));
    if (!first || !second || !third) throw new Error('Not all services can be had: nothing of this was tested.');
    [kafka, redis, store] = [first, second, third];
    await allowKafkaUser(first.plain, `User:${user.name}`, 'allowed.', kafkaWriters);
    await allowKafkaUser(first.plain, `User:${user.name}`, 'allowed.moved.', kafkaMovers);
    folder = await temporaryFolder('secured-start');
    await writeFile(join(folder, 'password'), `${user.password}\n`);
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  const plainServices = () => ({
    KAFKA_BROKERS: brokers?.join() ?? '',
    MONGODB_URI: mongodbUri ?? '',
    REDIS_URL: redisUrl ?? '',
    HINDCAST_REPLICATION_FACTOR: '1',
    HINDCAST_TOPIC_PREFIX: `secured-start-${process.pid}.`,
    HINDCAST_DATABASE: `secured_start_${process.pid}`,
  });
  const login = () => ({
    KAFKA_BROKERS: kafka.sasl,
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: user.name,
    KAFKA_SASL_PASSWORD_FILE: join(folder, 'password'),
  });
  const securedKafka = () => ({
    ...login(),
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: certificates.ca,
    KAFKA_SSL_CERT: certificates.client.cert,
    KAFKA_SSL_KEY: certificates.client.key,
  });
  const securedMongo = (password = user.password, ca = certificates.ca) =>
    `mongodb://${user.name}:${password}@localhost:${store.port}/?directConnection=true&authSource=admin&tls=true&tlsCAFile=${ca}`;
  const securedRedis = (password = user.password) => ({
    REDIS_URL: `rediss://${user.name}:${password}@localhost:${redis.port}`,
    REDIS_SSL_CA: certificates.ca,
  });

  /** Runs until it answers, and is then asked to end; or until it ends by itself. */
  const run = async (env: Record<string, string>, command = ['query-api', '--port', '0']) => {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [launcher, ...command, '--data', join(folder, 'data')], {
      env: { PATH, HOME, ...plainServices(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let ready = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        if (ready || !/"msg":"ready"/.test(output)) return;
        ready = true;
        child.kill('SIGTERM');
      });
    }
    const [code] = await once(child, 'exit');
    for (const secret of [user.password, wrongPassword]) expect(output).not.toContain(secret);
    return { code: code as number | null, output, ready };
  };

  it('starts with all of them, by a password in a file and over TLS', async () => {
    const { code, ready, output } = await run({
      ...securedKafka(),
      MONGODB_URI: securedMongo(),
      ...securedRedis(),
      HINDCAST_TOPIC_PREFIX: 'allowed.',
    });
    expect({ code, ready, output }).toMatchObject({ code: 0, ready: true });
    expect(output).not.toMatch(/without it/);
  });

  it.each<[string, () => Record<string, string>, RegExp]>([
    [
      'a file of a password that is not there',
      () => ({ ...login(), KAFKA_SSL: 'true', KAFKA_SASL_PASSWORD_FILE: '/none' }),
      /KAFKA_SASL_PASSWORD_FILE names \/none/,
    ],
    [
      'an authority that Kafka is not of',
      () => ({ ...securedKafka(), KAFKA_SSL_CA: certificates.strangersCa }),
      /trusted here.*KAFKA_/,
    ],
    [
      'a password that MongoDB does not know',
      () => ({ MONGODB_URI: securedMongo(wrongPassword) }),
      /MongoDB does not know the user/,
    ],
    [
      'an authority that MongoDB is not of',
      () => ({ MONGODB_URI: securedMongo(user.password, certificates.strangersCa) }),
      /MongoDB: .*trusted here.*tlsCAFile/,
    ],
  ])('does not start with %s, and says so', async (_, env, words) => {
    const { code, output } = await run(env());
    expect(output).toMatch(words);
    expect(code).toBeGreaterThan(0);
  });

  it('moves the log of a folder by the same settings', async () => {
    const { now, newId } = nodeIdentity;
    const topics = {
      [TOPICS.predictions]: 1,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 1,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    };
    const log = await openSqliteEventLog({ folder: join(folder, 'data'), partitions: topics, now, newId });
    await log.stop();
    const move = ['migrate', '--to', `kafka://${kafka.sasl}`, '--without-artifacts'];
    const refused = await run({ ...securedKafka(), KAFKA_SSL_CA: certificates.strangersCa }, move);
    expect(refused.output).toMatch(/trusted here/);
    expect(refused.code).toBe(1);
    const moved = await run({ ...securedKafka(), HINDCAST_TOPIC_PREFIX: 'allowed.moved.' }, move);
    expect(moved).toMatchObject({ code: 0 });
  });

  it('starts without a Redis that does not know its password, and says so', async () => {
    const { code, ready, output } = await run(securedRedis(wrongPassword));
    expect({ code, ready }).toEqual({ code: 0, ready: true });
    expect(output).toMatch(/Redis does not know this user by this password/);
  });
});
