import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { TOPICS } from '@hindcast/domain';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { inDatabase } from '../services/moves.ts';
import { temporaryFolder } from '../services/program.ts';
import { startCommand } from '../services/run-migrate.ts';
import { waitUntil } from '../services/wait-until.ts';

const { kafka: brokers = [], mongodb = '', redis = '' } = inject('services');

/** A process that goes on beside others of its log, with something that is no longer theirs. */
describe.skipIf(brokers.length === 0 || !mongodb || !redis)('a process that runs', () => {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  const names: string[] = [];
  const processes: ReturnType<typeof startCommand>[] = [];
  let folder = '';
  beforeAll(async () => {
    folder = await temporaryFolder('lost-places');
    await admin.connect();
  });
  afterEach(() => Promise.all(processes.splice(0).map(({ kill, ended }) => kill('SIGKILL') && ended)));
  afterAll(async () => {
    await admin.disconnect();
    for (const name of names) await inDatabase(mongodb, name, (db) => db.dropDatabase());
    await rm(folder, { recursive: true });
  });

  const newName = (): string => {
    const name = `lost-${randomUUID().slice(0, 8)}`;
    names.push(name, `${name}-other`);
    return name;
  };
  const start = (role: string, name: string, own: Record<string, string> = {}) => {
    const services = { KAFKA_BROKERS: brokers.join(), MONGODB_URI: mongodb, REDIS_URL: redis, HINDCAST_DATA: folder };
    const places = { HINDCAST_TOPIC_PREFIX: `${name}.`, HINDCAST_DATABASE: name, HINDCAST_REPLICATION_FACTOR: '1' };
    const more = { PORT: '0', HINDCAST_LOG_FORMAT: 'json', HINDCAST_PARTITIONS: '2' };
    const started = startCommand([role], { ...more, ...services, ...places, ...own });
    processes.push(started);
    return started;
  };
  const readied = async (...given: Parameters<typeof start>) => {
    const started = start(...given);
    await waitUntil('it is ready', 60_000, () => started.said().includes('"ready"'));
    return started;
  };

  const endOf = async ({ ended }: ReturnType<typeof startCommand>) => {
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await waitUntil('it ends', 30_000, () => isOver);
    return ended;
  };

  it('ends with an error, and without notice, once its record shows that a topic was made anew', async () => {
    const name = newName();
    const running = await readied('command-api', name, { HINDCAST_DRAIN_NOTICE_MS: '60000' });
    const topic = `${name}.${TOPICS.models}`;
    await admin.deleteTopics({ topics: [topic] });
    await waitUntil('it is gone', 10_000, async () => !(await admin.listTopics()).includes(topic));
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    const url = /http:\/\/[\d.]+:\d+/.exec(running.said())?.[0];
    const body = await readFile(new URL('../models/linear.onnx', import.meta.url));
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await fetch(`${url}/v1/models/linear/versions`, { method: 'POST', headers, body });
    expect(answer.status).toBeGreaterThanOrEqual(500);
    const { code, out, err } = await endOf(running);
    expect(code).toBe(1);
    expect(out + err).toContain('the topic was made anew');
  });

  it('ends with an error where the log has another database by now', async () => {
    const name = newName();
    const frozen = await readied('projector', name);
    frozen.kill('SIGSTOP');
    await inDatabase(mongodb, name, (db) => db.dropDatabase());
    const moved = await readied('projector', name, { HINDCAST_DATABASE: `${name}-other` });
    frozen.kill('SIGCONT');
    const { code, out, err } = await endOf(frozen);
    expect(code).toBe(1);
    expect(out + err).toContain(`are in the database ${name}-other, and HINDCAST_DATABASE says ${name}`);
    moved.kill('SIGTERM');
    expect((await endOf(moved)).code).toBe(0);
  });
});
