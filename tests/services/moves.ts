import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMongoClient, type Db } from '@hindcast/adapters/mongodb';
import { TOPICS } from '@hindcast/domain';
import { Kafka, logLevel } from 'kafkajs';
import { type FolderWithHistory, makeFolderWithHistory } from './folder-with-history.ts';
import type { MigrationPlaces } from './run-migrate.ts';

export const inDatabase = async <T>(mongodb: string, name: string, use: (db: Db) => Promise<T>): Promise<T> => {
  const client = createMongoClient(mongodb);
  try {
    return await use(client.db(name));
  } finally {
    await client.close();
  }
};

/** A folder with a history, of which any number of copies can be moved to places of their own. */
export const createMoves = (
  { brokers, mongodb }: Pick<MigrationPlaces, 'brokers' | 'mongodb'>,
  predictions: number,
) => {
  const kafka = new Kafka({ clientId: 'spec', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const undo: (() => Promise<unknown>)[] = [];
  let history: FolderWithHistory | undefined;
  const databases: string[] = [];
  const dropAll = async (): Promise<void> => {
    for (const name of databases.splice(0)) await inDatabase(mongodb, name, (db) => db.dropDatabase());
  };
  return {
    kafka,
    admin,
    async prepare(): Promise<FolderWithHistory> {
      await admin.connect();
      undo.push(() => admin.disconnect());
      const made = await makeFolderWithHistory(predictions);
      undo.push(() => rm(made.folder, { recursive: true, force: true }));
      history = made;
      return made;
    },
    /** The log has one database: those of earlier places are given up. */
    async newPlaces(): Promise<MigrationPlaces> {
      if (!history) throw new Error('The folder is not prepared.');
      await dropAll();
      const folder = await mkdtemp(join(tmpdir(), 'hindcast-migrate-'));
      await cp(history.folder, folder, { recursive: true });
      const database = `migrate_${randomUUID()}`;
      undo.push(() => rm(folder, { recursive: true, force: true }));
      databases.push(database);
      return { folder, brokers, prefix: `${randomUUID()}.`, mongodb, database };
    },
    /** Records of predictions that are there. */
    async copiedTo(prefix: string): Promise<number> {
      const ends = await admin.fetchTopicOffsets(`${prefix}${TOPICS.predictions}`).catch(() => []);
      return ends.reduce((sum, { high }) => sum + Number(high), 0);
    },
    async stop(): Promise<void> {
      await dropAll();
      for (const step of undo.reverse()) await step();
    },
  };
};
