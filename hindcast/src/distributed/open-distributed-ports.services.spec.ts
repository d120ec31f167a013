import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMongoClient } from '@hindcast/adapters/mongodb';
import type { Logger } from '@hindcast/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { resolveConfig } from '../config.ts';
import type { DistributedConfig } from '../settings.ts';
import { checkLog } from './check-services.ts';
import { openDistributedPorts } from './open-distributed-ports.ts';

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const { kafka, mongodb, redis } = inject('services');

describe.skipIf(!kafka || !mongodb || !redis)('the ports of a process', () => {
  const name = `ports-${randomUUID().slice(0, 8)}`;
  let data = '';
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'hindcast-ports-'));
  });
  afterAll(async () => {
    const client = createMongoClient(String(mongodb));
    for (const database of [name, `${name}-typo`]) await client.db(database).dropDatabase();
    await client.close();
    await rm(data, { recursive: true });
  });

  const configOf = (own: Record<string, string> = {}) => {
    const services = { KAFKA_BROKERS: String(kafka), MONGODB_URI: String(mongodb), REDIS_URL: String(redis) };
    const places = { HINDCAST_TOPIC_PREFIX: `${name}.`, HINDCAST_DATABASE: name, HINDCAST_DATA: data };
    const size = { HINDCAST_REPLICATION_FACTOR: '1', HINDCAST_PARTITIONS: '2' };
    const env = { ...services, ...places, ...size, ...own };
    return resolveConfig({ env, flags: {}, cores: 2 }).config as DistributedConfig;
  };
  const inMongo = async <T>(use: (client: ReturnType<typeof createMongoClient>) => Promise<T>): Promise<T> => {
    const client = createMongoClient(String(mongodb));
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  };

  it('are not opened with another database than the log has, nor called well by the doctor', async () => {
    const running = await openDistributedPorts(configOf(), silent);
    const mistyped = configOf({ HINDCAST_DATABASE: `${name}-typo` });
    const said = expect.stringMatching(`are in the database ${name}, and HINDCAST_DATABASE says ${name}-typo`);
    await expect(openDistributedPorts(mistyped, silent)).rejects.toMatchObject({ code: 'foreign_log', message: said });
    expect(await checkLog(mistyped)).toMatchObject({ ok: false, said });
    expect(await inMongo((client) => client.db(`${name}-typo`).listCollections().toArray())).toEqual([]);
    await running.close();
    // Nobody runs any more: whose the log is has been written down.
    await expect(openDistributedPorts(mistyped, silent)).rejects.toMatchObject({ code: 'foreign_log', message: said });
  });

  it('are opened where the database was lost, and where the log was moved from it', async () => {
    await inMongo((client) => client.db(name).dropDatabase());
    await (await openDistributedPorts(configOf(), silent)).close();
    await inMongo((client) => client.db(name).collection('log_identity').deleteMany({}));
    await (await openDistributedPorts(configOf({ HINDCAST_DATABASE: `${name}-typo` }), silent)).close();
  });

  it('say what they wait for, and name nothing else', async () => {
    const warned: unknown[] = [];
    const logger: Logger = { ...silent, warn: (_, message) => void warned.push(message) };
    const opening = openDistributedPorts(configOf({ KAFKA_BROKERS: '127.0.0.1:1' }), logger);
    const refused = opening.then(
      () => 'opened',
      ({ code }: { code: string }) => code,
    );
    await expect
      .poll(() => warned, { timeout: 15_000 })
      .toEqual(['Still opening the log in Kafka (KAFKA_BROKERS). `npx hindcast doctor` says more.']);
    expect(await refused).toBe('unavailable');
    expect(warned).toHaveLength(1);
  });
});
