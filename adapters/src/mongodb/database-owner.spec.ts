import type { Db } from 'mongodb';
import { MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { refuseOtherOwner } from './database-owner.ts';

/** A MongoDB with these databases, unclaimed, which tells what it was asked for. */
const world = (names: readonly string[], refusal?: MongoServerError) => {
  const asked: { readonly of: string; readonly readPreference: unknown }[] = [];
  const databaseOf = (databaseName: string): Db => {
    const collection = (_: string, options?: { readonly readPreference?: unknown }) => ({
      findOne: async () => {
        asked.push({ of: databaseName, readPreference: options?.readPreference });
        if (refusal && databaseName !== 'mine') throw refusal;
        return null;
      },
    });
    const listDatabases = async ({ readPreference }: { readonly readPreference?: unknown }) => {
      asked.push({ of: 'list', readPreference });
      return { databases: names.map((name) => ({ name })) };
    };
    return { databaseName, collection, client: { db: databaseOf }, admin: () => ({ listDatabases }) } as unknown as Db;
  };
  return { asked, look: () => refuseOtherOwner(databaseOf('mine'), { logId: 'a', epoch: 0 }) };
};
const saying = (code: number, message: string) => new MongoServerError({ code, message });

describe('the look for another database of a log', () => {
  it('leaves out those of MongoDB itself, and asks the primary, whatever the URI prefers', async () => {
    const { asked, look } = world(['admin', 'config', 'local', 'mine', 'other']);
    await look();
    expect(asked).toEqual(['mine', 'list', 'other'].map((of) => ({ of, readPreference: 'primary' })));
  });

  it.each([
    saying(13, 'not authorized on other to execute command'),
    saying(8000, 'user is not allowed to do action [find] on [other.log_identity]'),
    saying(4711, 'not authorized on other to execute command'),
  ])('passes over what this user may not see: $code', async (refusal) => {
    await world(['mine', 'other'], refusal).look();
  });

  it('fails with any other error', async () => {
    await expect(world(['mine', 'other'], saying(91, 'shutting down')).look()).rejects.toThrow('shutting down');
  });
});
