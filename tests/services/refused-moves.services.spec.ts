import { randomUUID } from 'node:crypto';
import { claimDatabase } from '@hindcast/adapters/mongodb';
import { lockFolder } from '@hindcast/adapters/sqlite';
import { TOPICS } from '@hindcast/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { churnInput } from '../faults/churn-input.ts';
import { clientOf } from '../scenarios/client.ts';
import { createMoves, inDatabase } from './moves.ts';
import { migrate, refusedMigrate, startCommand, startMigrate } from './run-migrate.ts';
import { waitUntil } from './wait-until.ts';

const { kafka: brokers = [], mongodb = '' } = inject('services');
const predictions = 1_500;

describe.skipIf(brokers.length === 0 || !mongodb)('moving a folder to Kafka', () => {
  const moves = createMoves({ brokers, mongodb }, predictions);
  const { kafka, admin, newPlaces, copiedTo } = moves;
  beforeAll(async () => {
    await moves.prepare();
  });
  afterAll(() => moves.stop());
  const collectionsIn = (name: string): Promise<string[]> =>
    inDatabase(mongodb, name, async (db) => (await db.listCollections().toArray()).map((one) => one.name));

  it('refuses a target that holds something else, names the place and leaves it', async () => {
    const places = await newPlaces();
    const running = startMigrate(places);
    await waitUntil('something is copied', 60_000, async () => (await copiedTo(places.prefix)) > 4);
    running.kill('SIGKILL');
    await running.ended;
    const topic = `${places.prefix}${TOPICS.models}`;
    const producer = kafka.producer();
    await producer.connect();
    const [{ high: before } = { high: '0' }] = await admin.fetchTopicOffsets(topic);
    await producer.send({ topic, messages: [{ partition: 0, key: 'k', value: 'not ours' }] });
    await producer.disconnect();
    const copied = await copiedTo(places.prefix);
    await inDatabase(mongodb, places.database, (db) => db.dropDatabase());
    expect(await refusedMigrate(places, '--dry-run')).toContain('Kafka holds something else');
    const said = await refusedMigrate(places);
    expect(await collectionsIn(places.database)).toEqual([]);
    expect(said).toMatch(/^Kafka holds something else: topic hindcast.models.v1, partition 0/m);
    expect(said).toContain(`offset ${before}`);
    expect(await copiedTo(places.prefix)).toBe(copied);
    expect(await refusedMigrate(places, '--partitions', '6')).toContain('has 4 partitions there');
  });

  it('finds before a move that there are too few brokers', async () => {
    const places = await newPlaces();
    const many = ['--replication-factor', String(brokers.length + 9)];
    for (const more of [['--dry-run'], []])
      expect(await refusedMigrate(places, ...many, ...more)).toContain(
        'Start more brokers, or say --replication-factor',
      );
    expect(await copiedTo(places.prefix)).toBe(0);
  });

  it('refuses a database of another log, before anything is written', async () => {
    const places = await newPlaces();
    await inDatabase(mongodb, places.database, (db) => claimDatabase(db, { logId: 'another', epoch: 0 }));
    for (const more of [['--dry-run'], []])
      expect(await refusedMigrate(places, ...more)).toContain(`The database ${places.database} is of log another`);
    expect(await copiedTo(places.prefix)).toBe(0);
    expect(await collectionsIn(places.database)).toEqual(['log_identity']);
  });

  it('leaves a folder that says where its log went', async () => {
    const places = await newPlaces();
    const lock = lockFolder(places.folder);
    expect(await refusedMigrate(places)).toContain('in use by another Hindcast');
    lock.release();
    expect(await refusedMigrate({ ...places, mongodb: '' }, '--verify')).toContain('0 of');
    await migrate(places);
    const other = `${places.database}-2`;
    for (const more of [['--dry-run'], []])
      expect(await refusedMigrate({ ...places, database: other }, ...more)).toContain(
        `are in the database ${places.database}, and HINDCAST_DATABASE says ${other}`,
      );
    expect(await collectionsIn(other)).toEqual([]);
    const start = ['start', '--port', '0', '--data', places.folder];
    const refused = await startCommand(start).ended;
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`was moved to kafka://${brokers.join(',')}`);
    expect(await refusedMigrate({ ...places, prefix: `${randomUUID()}.` })).toContain(
      'a second log under the same name',
    );
    const forked = startCommand([...start, '--after-migration']);
    await waitUntil('it goes on in the folder', 60_000, () => /http:\/\/127/.test(forked.said()));
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(forked.said())?.[0] ?? '';
    expect((await clientOf(url).submit({ model: 'churn', input: churnInput })).status).toBe(202);
    forked.kill('SIGTERM');
    expect((await forked.ended).code).toBe(0);
    expect(await refusedMigrate(places)).toContain('is in use there, with');
  });
});
