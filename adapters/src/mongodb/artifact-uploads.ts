import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@hindcast/domain';
import { type Db, GridFSBucket, type GridFSFile, MongoGridFSChunkError, MongoServerError, ObjectId } from 'mongodb';
import { duplicateKey, majority } from './mongo-client.ts';

export const bucketName = 'artifacts';
const chunkBytes = 1_048_576 - 1_024;
/** An upload that takes longer is given up. */
const uploadTimeoutMs = 600_000;
/** Much longer than an upload may take, by clocks that need not agree. */
const leftOverAgeMsMin = 3_600_000;
const leftOversMax = 1_000;

interface Upload {
  readonly _id: ObjectId;
  readonly startedAt: number;
}

export interface ArtifactUploads {
  find(sha256: string): Promise<GridFSFile | null>;
  /** As it is stored, whatever its name says: one that lacks a chunk ends early. */
  read(file: GridFSFile): AsyncIterable<Uint8Array>;
  /** Takes the name from what is not what its name says. */
  setAside(file: GridFSFile): Promise<void>;
  /** Stores the content of a file under its digest. Several at a time leave one artifact. */
  upload(path: string, sha256: string): Promise<void>;
}

/**
 * GridFS under ids of its own, with the digest as the unique name. An upload is noted before its first chunk and crossed
 * out after its last: what a killed process left behind is found without looking through all chunks.
 */
export const openArtifactUploads = async (db: Db, now: Clock): Promise<ArtifactUploads> => {
  const bucket = new GridFSBucket(db, {
    bucketName,
    chunkSizeBytes: chunkBytes,
    writeConcern: majority.writeConcern,
  });
  const files = db.collection<GridFSFile>(`${bucketName}.files`);
  const chunks = db.collection(`${bucketName}.chunks`);
  const uploads = db.collection<Upload>(`${bucketName}.uploads`);
  const createIndexes = async (): Promise<void> => {
    await files.createIndex({ filename: 1 }, { name: 'digest', unique: true });
    await uploads.createIndex({ startedAt: 1 }, { name: 'age' });
    // As the driver makes it, which looks for it once.
    await chunks.createIndex({ files_id: 1, n: 1 }, { unique: true });
  };
  await createIndexes();

  const discard = async (_id: ObjectId): Promise<void> => {
    if ((await files.findOne({ _id }, { projection: { _id: 1 } })) === null) await chunks.deleteMany({ files_id: _id });
    await uploads.deleteOne({ _id });
  };
  const left = uploads.find({ startedAt: { $lt: now() - leftOverAgeMsMin } }).limit(leftOversMax);
  for (const { _id } of await left.toArray()) await discard(_id);

  const find = (sha256: string): Promise<GridFSFile | null> => files.findOne({ filename: sha256 });

  return {
    find,
    async *read(file) {
      try {
        yield* bucket.openDownloadStream(file._id);
      } catch (error) {
        if (!(error instanceof MongoGridFSChunkError)) throw error;
      }
    },
    async setAside(file) {
      const { _id, filename } = file;
      await uploads.insertOne({ _id, startedAt: now() });
      // Not by an update: the stand-in for MongoDB in our tests would keep the old name in its index.
      await files.deleteOne({ _id });
      await files.insertOne({ ...file, filename: `${filename}.damaged-${_id}` });
      await discard(_id);
    },
    async upload(path, sha256) {
      if ((await find(sha256)) !== null) return;
      // Somebody may have emptied the database since.
      await createIndexes();
      const _id = new ObjectId();
      await uploads.insertOne({ _id, startedAt: now() });
      try {
        const signal = AbortSignal.timeout(uploadTimeoutMs);
        await pipeline(createReadStream(path), bucket.openUploadStreamWithId(_id, sha256), { signal });
      } catch (error) {
        // Another process was faster, and its artifact is the same. After any other failure it may not be known whether
        // the last write was done: the note stays, and whoever opens the store later cleans up.
        if (!(error instanceof MongoServerError && error.code === duplicateKey)) throw error;
      }
      await discard(_id).catch(() => undefined);
    },
  };
};
