import { randomUUID } from 'node:crypto';
import { createMongoClient, openMongoViews } from '@hindcast/adapters/mongodb';
import type { ViewDatabase } from '@hindcast/domain';

/** Views in a new database, as several processes have them: each with a client of its own. The database goes at the end. */
export const withMongoViews = async (
  uri: string,
  processes: number,
  use: (views: readonly ViewDatabase[], database: string) => Promise<void>,
): Promise<void> => {
  const database = `views_${randomUUID()}`;
  const clients = Array.from({ length: processes }, () => createMongoClient(uri));
  try {
    const views = await Promise.all(
      clients.map((client) => openMongoViews({ server: { client }, database, now: Date.now })),
    );
    await use(views, database);
  } finally {
    await clients[0]?.db(database).dropDatabase();
    await Promise.all(clients.map((client) => client.close()));
  }
};
