import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '@hindcast/adapters/files';
import { failed } from '../cli-failure.ts';

/** What a folder says of the move of its log. */
export interface MigrationMark {
  /** Brokers, and what is put before the names of topics. */
  readonly to: string;
  readonly topicPrefix: string;
  /** `moved`: the log lives there, and no longer here. */
  readonly state: 'copying' | 'moved';
  /** ISO 8601. */
  readonly at: string;
  /** Under which Kafka knows the writer of this copy, in all its attempts. */
  readonly producerId: string;
}

const fileName = 'migration.json';

/** undefined where no move was begun. */
export const readMigrationMark = async (folder: string): Promise<MigrationMark | undefined> => {
  const text = await readFile(join(folder, fileName), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as MigrationMark;
  } catch (error) {
    throw failed(`The file ${join(folder, fileName)} cannot be read: it says whether the log was moved.`, error);
  }
};

/** On disk, whole, when it resolves. */
export const writeMigrationMark = async (folder: string, mark: MigrationMark): Promise<void> => {
  const path = join(folder, fileName);
  const file = await open(`${path}.new`, 'w');
  await file.writeFile(`${JSON.stringify(mark, null, 2)}\n`);
  await file.sync().finally(() => file.close());
  await rename(`${path}.new`, path);
  await syncFolder(folder);
};

export const placeOf = ({ to, topicPrefix }: Pick<MigrationMark, 'to' | 'topicPrefix'>): string =>
  topicPrefix === '' ? to : `${to} (topics ${topicPrefix}…)`;

/** Refuses to go on with a log that lives elsewhere: two that go on under one name can never be made one again. */
export const refuseMoved = async (folder: string): Promise<void> => {
  const mark = await readMigrationMark(folder);
  if (mark?.state !== 'moved') return;
  throw failed(
    `The log in ${folder} was moved to ${placeOf(mark)} on ${mark.at}, and goes on there: set KAFKA_BROKERS, ` +
      'MONGODB_URI and REDIS_URL. If the move was broken off at its very end, run `npx hindcast migrate` again. ' +
      'What would be accepted here would never be there, under the same log: to go on here all the same, ' +
      'add --after-migration.',
  );
};
