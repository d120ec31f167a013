import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { KafkaEventLogOptions } from '@hindcast/adapters/kafka';
import { type EventLog, LogError, TOPICS } from '@hindcast/domain';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Certificates, makeCertificates } from '../services/certificates.ts';
import { openLog } from '../services/kafka-log-under-test.ts';
import { allowKafkaUser, kafkaReaders, kafkaWriters } from '../services/kafka-rules.ts';
import { type SecuredKafka, startSecuredKafka } from '../services/secured-kafka.ts';

const user = { name: 'hindcast', password: 'Correct-Horse-7' };
const wrongPassword = 'Battery-Staple-9';
const prefix = 'secured.';
/** A start that is refused says so sooner than one that cannot reach anybody. */
const refusedMsMax = 6_000;
const { kafka: available } = inject('services');

describe.skipIf(!available)('a Kafka that asks who is there', () => {
  let certificates: Certificates;
  let kafka: SecuredKafka;
  let ca: string;
  let strangersCa: string;
  beforeAll(async () => {
    const made = await makeCertificates();
    const started = made && (await startSecuredKafka(made, user));
    if (!made || !started)
      throw new Error('openssl, Java or the jars of Kafka are missing: nothing of this was tested.');
    certificates = made;
    kafka = started;
    [ca, strangersCa] = await Promise.all([readFile(made.ca, 'utf8'), readFile(made.strangersCa, 'utf8')]);
    await allowKafkaUser(kafka.plain, `User:${user.name}`, prefix, kafkaWriters);
    await allowKafkaUser(kafka.plain, 'User:CN=hindcast', prefix, kafkaReaders);
    const log = await openLog([kafka.sasl], { topicPrefix: prefix, ssl: { ca }, ...login('plain') });
    await log.stop();
  });
  afterAll(() => kafka?.stop());

  const login = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password = user.password) => ({
    sasl: { mechanism, username: user.name, password },
  });

  const roundTrip = async (log: EventLog): Promise<void> => {
    const value = randomUUID();
    const [outcome] = await log.append(TOPICS.predictions, [{ key: 't/a', value, headers: {} }]);
    expect(outcome).toMatchObject({ ok: true });
    const heard: string[] = [];
    const consumer = await log.consume(
      { topic: TOPICS.predictions, group: `readers-${value}` },
      { onBatch: async ({ records }) => void heard.push(...records.map((record) => record.value)) },
    );
    await vi.waitFor(() => expect(heard).toContain(value), { timeout: 60_000, interval: 50 });
    await consumer.stop();
  };

  /** Opening is refused: its error, once it is clear that no word of it and of the log holds a password. */
  const refusal = async (broker: string, options: Partial<KafkaEventLogOptions>): Promise<LogError> => {
    const lines: unknown[] = [];
    const note = (fields: object, message: string) => void lines.push(message, ...Object.values(fields));
    const logger = { debug: note, info: note, warn: note, error: note };
    const begin = performance.now();
    const error: unknown = await openLog([broker], { topicPrefix: prefix, ...options, logger }).then(
      async (log) => log.stop(),
      (refused: unknown) => refused,
    );
    if (!(error instanceof LogError)) throw new Error('It was not refused.');
    expect(performance.now() - begin).toBeLessThan(refusedMsMax);
    const told = JSON.stringify([...lines, Object.entries(error), error.message, error.stack]);
    for (const secret of [user.password, wrongPassword]) expect(told).not.toContain(secret);
    return error;
  };

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'keeps a log for a user by %s, who may do no more than what is documented',
    async (mechanism) => {
      const log = await openLog([kafka.sasl], { topicPrefix: prefix, ssl: { ca }, ...login(mechanism) });
      try {
        await roundTrip(log);
      } finally {
        await log.stop();
      }
    },
  );

  it('lets whoever shows a certificate read what is there, and write only where that is allowed', async () => {
    const [cert = '', key = ''] = await Promise.all(
      [certificates.client.cert, certificates.client.key].map((path) => readFile(path, 'utf8')),
    );
    const log = await openLog([kafka.mutual], { topicPrefix: prefix, ssl: { ca, cert, key } });
    try {
      const heard: string[] = [];
      const consumer = await log.consume(
        { topic: TOPICS.predictions, group: null },
        { onBatch: async ({ records }) => void heard.push(...records.map((record) => record.key)) },
      );
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), { timeout: 60_000, interval: 50 });
      await consumer.stop();
      const [outcome] = await log.append(TOPICS.predictions, [{ key: 't/a', value: 'x', headers: {} }]);
      expect(outcome).toMatchObject({ ok: false });
    } finally {
      await log.stop();
    }
  });

  it.each(['plain', 'scram-sha-512'] as const)('refuses a wrong password at once: %s', async (mechanism) => {
    const error = await refusal(kafka.sasl, { ssl: { ca }, ...login(mechanism, wrongPassword) });
    expect(error).toMatchObject({ code: 'misconfigured' });
    expect(error.message).toMatch(/^Kafka does not know this user by this password: /);
  });

  it.each<[string, () => [string, string], RegExp]>([
    ['an unknown authority', () => [kafka.sasl, strangersCa], /authority that is not trusted here/],
    ['a certificate that has expired', () => [kafka.expired, ca], /its certificate has expired/],
    [
      'a certificate of another host',
      () => [kafka.elsewhere, ca],
      /is for another host \(Host: localhost\..*elsewhere/,
    ],
    ['no certificate of its own', () => [kafka.mutual, ca], /asks for a client certificate/],
  ])('refuses %s at once, in words', async (_, place, words) => {
    const [broker, trusted] = place();
    const error = await refusal(broker, { ssl: { ca: trusted }, ...(broker === kafka.mutual ? {} : login('plain')) });
    expect(error).toMatchObject({ code: 'misconfigured', message: expect.stringMatching(words) });
  });

  it('says what a user is not allowed to do', async () => {
    const error = await refusal(kafka.sasl, { ssl: { ca }, ...login('plain'), topicPrefix: 'others.' });
    expect(error).toMatchObject({ code: 'misconfigured', message: expect.stringContaining('Allow CREATE') });
  });

  it('gives a hint to who speaks plain text or says no name', async () => {
    for (const options of [{}, { ssl: { ca } }]) {
      const error = await refusal(kafka.sasl, { ...options, callTimeoutMs: 4_000 });
      expect(error).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('asks for TLS or for a user'),
      });
    }
  });
});
