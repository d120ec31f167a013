import { describe, expect, inject, it } from 'vitest';
import { resolveConfig } from '../config.ts';
import type { DistributedConfig } from '../settings.ts';
import { checkService, SERVICES } from './check-services.ts';

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
