import { MongoBulkWriteError, MongoClient, ReadConcern, WriteConcern } from 'mongodb';
import './closed-connections.ts';

export type { Db, MongoClient } from 'mongodb';

const serverSelectionTimeoutMs = 3_000;
const connectTimeoutMs = 3_000;
/** A socket that is silent for so long during a command is given up; one that is written to, after up to twice as long. */
const socketTimeoutMs = 10_000;
/** How long a write may wait for the majority. */
const majorityTimeoutMs = 10_000;
const connectionsMax = 20;

/**
 * A client for which every wait for a silent store has an end. The URI brings TLS and credentials. It connects when it is
 * first used, so that a store that is down does not keep a process from starting.
 */
export const createMongoClient = (uri: string): MongoClient =>
  new MongoClient(uri, {
    appName: 'hindcast',
    serverSelectionTimeoutMS: serverSelectionTimeoutMs,
    connectTimeoutMS: connectTimeoutMs,
    socketTimeoutMS: socketTimeoutMs,
    waitQueueTimeoutMS: socketTimeoutMs,
    maxPoolSize: connectionsMax,
  });

/** Acknowledged means stored by the majority, and nothing is read that a new primary could take back. */
export const majority = {
  writeConcern: new WriteConcern('majority', majorityTimeoutMs),
  readConcern: new ReadConcern('majority'),
};

export const duplicateKey = 11_000;

/** Whether all that went wrong with a bulk is that some ids were taken: the rest of it was stored. */
export const isOfTakenIds = (error: unknown): error is MongoBulkWriteError => {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) return false;
  const refused = [error.writeErrors].flat();
  return refused.length > 0 && refused.every(({ code }) => code === duplicateKey);
};

/** The places, in an unordered bulk of upserts, of those that did not match and found their id taken. */
export const refusedUpserts = async (bulk: Promise<unknown>): Promise<ReadonlySet<number>> => {
  try {
    await bulk;
    return new Set();
  } catch (error) {
    if (!isOfTakenIds(error)) throw error;
    return new Set([error.writeErrors].flat().map(({ index }) => index));
  }
};
