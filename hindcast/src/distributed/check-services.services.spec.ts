import { randomUUID } from 'node:crypto';
import { openKafkaEventLog } from '@hindcast/adapters/kafka';
import { claimDatabase, createMongoClient } from '@hindcast/adapters/mongodb';
import type { Logger } from '@hindcast/domain';
import { describe, expect, inject, it } from 'vitest';
import { resolveConfig } from '../config.ts';
import type { DistributedConfig } from '../settings.ts';
import { checkLog, checkService, SERVICES } from './check-services.ts';
import { kafkaLogOptions } from './kafka-log-options.ts';

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const configOf = (env: Record<string, string>) =>
  resolveConfig({ env, flags: {}, cores: 2 }).config as DistributedConfig;

describe('the doctor, asking services', () => {
  it('is told that each of them answers', async () => {
    const { kafka, mongodb, redis } = inject('services');
    const env = { KAFKA_BROKERS: String(kafka), MONGODB_URI: String(mongodb), REDIS_URL: String(redis) };
    const config = configOf({ ...env, HINDCAST_REPLICATION_FACTOR: '1', HINDCAST_TOPIC_PREFIX: 'doctor.' });
    for (const service of SERVICES)
      expect([service, await checkService(service, config)]).toMatchObject([service, { ok: true }]);
    const many = await checkService(
      'kafka',
      configOf({ ...env, HINDCAST_REPLICATION_FACTOR: '32', HINDCAST_TOPIC_PREFIX: 'doctor.' }),
    );
    expect(many).toMatchObject({ ok: false, fix: expect.stringContaining('HINDCAST_REPLICATION_FACTOR') });
  });

  it('looks whether a process would take the log and the database for its own', async () => {
    const { kafka, mongodb, redis } = inject('services');
    const env = { KAFKA_BROKERS: String(kafka), MONGODB_URI: String(mongodb), REDIS_URL: String(redis) };
    const name = `doctor-${randomUUID()}`;
    const own = { HINDCAST_TOPIC_PREFIX: `${name}.`, HINDCAST_DATABASE: name, HINDCAST_REPLICATION_FACTOR: '1' };
    const config = configOf({ ...env, ...own, HINDCAST_PARTITIONS: '2' });
    expect(await checkLog(config)).toEqual({ ok: true, said: 'the first process makes it' });
    await (await openKafkaEventLog(kafkaLogOptions(config, silent))).stop();
    expect(await checkLog(config)).toMatchObject({ ok: true, said: expect.stringMatching(/with 2 partitions$/) });
    const grown = configOf({ ...env, ...own, HINDCAST_PARTITIONS: '3' });
    expect(await checkLog(grown)).toMatchObject({ ok: true, said: expect.stringContaining('HINDCAST_PARTITIONS') });

    const client = createMongoClient(String(mongodb));
    await claimDatabase(client.db(name), { logId: 'another', epoch: 0 });
    expect(await checkLog(config)).toMatchObject({ ok: false, said: expect.stringContaining('is of log another') });
    await client.db(name).dropDatabase();
    await client.close();

    const asked = configOf({ ...env, ...own, HINDCAST_PARTITIONS: '2', HINDCAST_REPLICATION_FACTOR: '3' });
    expect(await checkLog(asked)).toMatchObject({
      ok: false,
      said: expect.stringContaining('min.insync.replicas is 1'),
    });
  });

  it('names the settings of TLS and of a user where the service knows nothing of them', async () => {
    const { kafka, mongodb, redis } = inject('services');
    const at = { KAFKA_BROKERS: String(kafka), MONGODB_URI: String(mongodb), REDIS_URL: String(redis) };
    const user = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' };
    const saidBy = async (service: (typeof SERVICES)[number], own: Record<string, string>) =>
      (await checkService(service, configOf({ ...at, ...own }))).said;
    expect(await saidBy('kafka', { KAFKA_SSL: 'true' })).toContain('leave KAFKA_SSL out');
    expect(await saidBy('kafka', user)).toContain('leave KAFKA_SASL_MECHANISM');
    expect(await saidBy('mongodb', { MONGODB_URI: `${mongodb}&tls=true` })).toContain('MONGODB_URI says tls=true');
  });

  it('says in words that nobody answers, with what to do and without a password', async () => {
    const config = configOf({
      KAFKA_BROKERS: '127.0.0.1:1',
      MONGODB_URI: 'mongodb://user:hush@127.0.0.1:1',
      REDIS_URL: 'redis://:hush@127.0.0.1:1',
    });
    for (const service of SERVICES) {
      const { ok, said, fix } = await checkService(service, config);
      expect([service, ok]).toEqual([service, false]);
      expect(said).toContain('ECONNREFUSED');
      expect(fix).toMatch(/^Check (?:KAFKA_BROKERS|MONGODB_URI|REDIS_URL)/);
      expect(said + fix).not.toContain('hush');
    }
  });
});
