import { textTable } from '../text-table.ts';
import type { MigrationResult } from './migrate-log.ts';
import { placeOf } from './migration-mark.ts';

const bytesPerMegabyte = 1_000_000;

/** The result for people. */
export const describeMigration = (result: MigrationResult): string =>
  [heading(result), ...tables(result), ...remarks(result)].join('\n');

const heading = ({ state, topics, logId, epoch, alreadyThere, ...place }: MigrationResult): string => {
  const records = topics.reduce((all, topic) => all + topic.records, 0);
  const log = `log ${logId}, epoch ${epoch}`;
  switch (state) {
    case 'planned':
      return `Would copy ${Math.max(0, records - alreadyThere)} of ${records} records to ${placeOf(place)} (${log}).`;
    case 'verified':
      return `All ${records} records are in ${placeOf(place)}, equal to those of the folder (${log}).`;
    case 'moved':
      return `The log is in ${placeOf(place)}: ${records} records, all compared (${log}).`;
    default:
      return state satisfies never;
  }
};

const tables = ({ topics, partitions }: MigrationResult): readonly string[] => {
  const planned = topics.map(({ topic, partitions: count, records }) => [topic, String(count), String(records)]);
  if (partitions.length === 0) return [textTable([['topic', 'partitions', 'records'], ...planned])];
  const compared = partitions.map(({ topic, partition, records, copied, sha256, copiedSha256 }) => [
    topic,
    String(partition),
    `${records} = ${copied}`,
    sha256 === copiedSha256 ? sha256 : `${sha256} is not ${copiedSha256}`,
  ]);
  return [textTable([['topic', 'partition', 'records', 'sha256 of both'], ...compared])];
};

const remarks = (result: MigrationResult): readonly string[] => {
  const { state, keepsPositions, artifacts, open, partitions } = result;
  const said: string[] = [];
  const files = `${artifacts.files} files of models and large payloads (${(artifacts.bytes / bytesPerMegabyte).toFixed(1)} MB)`;
  if (artifacts.files > 0) said.push(`${files} ${whereFilesAre(result)}`);
  if (!keepsPositions) {
    said.push(
      'The partitions are new, and with them every position: those that clients still hold are refused as of another epoch.',
    );
  }
  const since = partitions.reduce((all, partition) => all + partition.since, 0);
  if (since > 0) said.push(`Kafka has ${since} records more, which came since.`);
  if (state === 'moved' && since === 0 && open && open.open > 0) {
    said.push(
      `${open.open} predictions are open and go on in the new place; the deadlines of ${open.overdue} have passed already, ` +
        'and more may until it runs: those expire.',
    );
  }
  if (state === 'moved') {
    said.push(
      'The folder is as it was, and marked as moved. Start the processes with KAFKA_BROKERS, MONGODB_URI and REDIS_URL.',
    );
  }
  return said;
};

const whereFilesAre = ({ state, artifacts }: MigrationResult): string => {
  if (state === 'planned') {
    return artifacts.copied
      ? 'would be stored in MongoDB.'
      : 'would be missing there: name the MongoDB that takes them with --artifacts-to or MONGODB_URI.';
  }
  return artifacts.copied ? 'are in MongoDB, read back and compared.' : 'stay in the folder, and are missing there.';
};
