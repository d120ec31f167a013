import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  claimDatabase,
  createMongoClient,
  type Db,
  type LogName,
  majority,
  openArtifactUploads,
  refuseOtherOwner,
} from '@hindcast/adapters/mongodb';
import { failed } from '../cli-failure.ts';

export interface FolderArtifact {
  readonly sha256: string;
  readonly bytes: number;
}

const folderOf = (data: string): string => join(data, 'artifacts');

/** Model files and large payloads of a data folder. */
export const listArtifacts = async (data: string): Promise<readonly FolderArtifact[]> => {
  const names = await readdir(folderOf(data)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const digests = names.filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
  return Promise.all(
    digests.map(async (sha256) => ({ sha256, bytes: (await stat(join(folderOf(data), sha256))).size })),
  );
};

const digestOf = async (content: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
};

export interface ArtifactPlace {
  readonly uri: string;
  readonly database: string;
}

const withMongo = async <T>({ uri, database }: ArtifactPlace, use: (db: Db) => Promise<T>): Promise<T> => {
  const client = createMongoClient(uri);
  try {
    return await use(client.db(database, majority));
  } catch (error) {
    throw isOfMongo(error)
      ? failed(
          `The MongoDB of --artifacts-to failed: ${error.message}. Mend it, or the address, and say the same again: what was copied is not copied twice.`,
          error,
        )
      : error;
  } finally {
    await client.close();
  }
};

/** A database is of one log alone. Refuses that of another before anything is written, anywhere. */
export const refuseOtherDatabase = (place: ArtifactPlace, log: LogName): Promise<void> =>
  withMongo(place, (db) => refuseOtherOwner(db, log));

/**
 * Stores what is not there yet, and then reads every artifact back: what counts is what the store gives.
 * Without a log to claim the database for, nothing is stored.
 */
export const copyArtifacts = async (
  data: string,
  artifacts: readonly FolderArtifact[],
  place: ArtifactPlace,
  { claimFor, onChecked }: { readonly claimFor: LogName | undefined; readonly onChecked: () => void },
): Promise<void> =>
  withMongo(place, async (db) => {
    if (claimFor) await claimDatabase(db, claimFor);
    const uploads = await openArtifactUploads(db, Date.now);
    for (const { sha256 } of artifacts) {
      if (claimFor && (await uploads.find(sha256)) === null) {
        const path = join(folderOf(data), sha256);
        const actual = await digestOf(createReadStream(path));
        if (actual !== sha256) throw failed(`The file ${path} is damaged: its content has the digest ${actual}.`);
        await uploads.upload(path, sha256);
      }
      const stored = await uploads.find(sha256);
      if (stored === null) throw failed(`MongoDB does not have the artifact ${sha256}.`);
      const there = await digestOf(uploads.read(stored));
      if (there !== sha256) throw failed(`MongoDB gives the artifact ${sha256} with the digest ${there}.`);
      onChecked();
    }
  });

/** Told by its name: the class belongs to the driver, which is the adapter's. */
const isOfMongo = (error: unknown): error is Error => error instanceof Error && error.name.startsWith('Mongo');
