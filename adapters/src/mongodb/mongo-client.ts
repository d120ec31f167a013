import { MongoClient, ReadConcern, WriteConcern } from 'mongodb';

export type { Db } from 'mongodb';

const serverSelectionTimeoutMs = 3_000;
const connectTimeoutMs = 3_000;
/** A socket that is silent for so long during a command is given up. */
const socketTimeoutMs = 10_000;
/** How long a write may wait for the majority. */
const majorityTimeoutMs = 10_000;
const connectionsMax = 20;

/**
 * A client for which every wait has an end. The URI brings TLS and credentials. It connects when it is first used, so
 * that a store that is down does not keep a process from starting.
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
