import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { TOPICS } from '@hindcast/domain';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { inDatabase } from '../services/moves.ts';
import { temporaryFolder } from '../services/program.ts';
import { startCommand } from '../services/run-migrate.ts';
import { waitUntil } from '../services/wait-until.ts';

const { kafka: brokers = [], mongodb = '', redis = '' } = inject('services');

/** What an operator gets wrong, or loses, beside a log that is used. */
describe.skipIf(brokers.length === 0 || !mongodb || !redis)('a process that would harm a log', () => {
  const name = `refused-${randomUUID().slice(0, 8)}`;
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  let folder = '';
  beforeAll(async () => {
    folder = await temporaryFolder('refused-starts');
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
    await inDatabase(mongodb, name, (db) => db.dropDatabase());
    await rm(folder, { recursive: true });
  });

  const run = (command: string, own: Record<string, string> = {}) => {
    const services = { KAFKA_BROKERS: brokers.join(), MONGODB_URI: mongodb, REDIS_URL: redis, HINDCAST_DATA: folder };
    const places = { HINDCAST_TOPIC_PREFIX: `${name}.`, HINDCAST_DATABASE: name, HINDCAST_REPLICATION_FACTOR: '1' };
    return startCommand([command], { PORT: '0', HINDCAST_LOG_FORMAT: 'json', ...services, ...places, ...own });
  };
  const topicsOf = async (prefix: string): Promise<readonly string[]> =>
    (await admin.listTopics()).filter((topic) => topic.startsWith(`${prefix}.`));
  const databaseOf = (database: string) => inDatabase(mongodb, database, (db) => db.listCollections().toArray());
  const startAndStop = async (own: Record<string, string> = {}): Promise<void> => {
    const started = run('command-api', own);
    await waitUntil('it is ready', 60_000, () => started.said().includes('"ready"'));
    started.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  };

  it('is refused with the name of another database, and the doctor says so', async () => {
    await startAndStop();
    const typo = { HINDCAST_DATABASE: `${name}-typo` };
    for (const role of ['query-api', 'projector', 'doctor']) {
      const { code, out, err } = await run(role, typo).ended;
      expect([role, code]).toEqual([role, 1]);
      expect(out + err).toContain(`are in the database ${name}, and HINDCAST_DATABASE says ${name}-typo`);
    }
    expect(await databaseOf(`${name}-typo`)).toEqual([]);
  });

  it('is refused with the prefix of no log before topics are made for it', async () => {
    await startAndStop();
    const typo = `${name}-typo`;
    for (const role of ['query-api', 'doctor']) {
      const { code, out, err } = await run(role, { HINDCAST_TOPIC_PREFIX: `${typo}.` }).ended;
      expect([role, code]).toEqual([role, 1]);
      expect(out + err).toMatch(new RegExp(`The database ${name} is of log .*Check HINDCAST_TOPIC_PREFIX`));
    }
    expect(await topicsOf(typo)).toEqual([]);
  });

  it('is refused where a topic is missing, which nobody makes anew', async () => {
    const own = `refused-${randomUUID().slice(0, 8)}`;
    const places = { HINDCAST_TOPIC_PREFIX: `${own}.`, HINDCAST_DATABASE: own };
    await startAndStop(places);
    const lost = [TOPICS.jobs, TOPICS.models].map((topic) => `${own}.${topic}`);
    await admin.deleteTopics({ topics: lost });
    await waitUntil('they are gone', 10_000, async () => !(await topicsOf(own)).some((topic) => lost.includes(topic)));
    for (const role of ['doctor', 'query-api', 'worker', 'doctor']) {
      const { code, out, err } = await run(role, places).ended;
      expect([role, code]).toEqual([role, 1]);
      expect(out + err).toMatch(/The log is not whole: the topics are missing.*models\.v1, .*jobs\.v1/);
    }
    expect(await topicsOf(own)).toHaveLength(Object.keys(TOPICS).length - lost.length);
    await inDatabase(mongodb, own, (db) => db.dropDatabase());
  });
});
