import type { CopyTopic } from '@hindcast/adapters/kafka';
import { LogError, type Topic } from '@hindcast/domain';
import { failed, usage } from '../cli-failure.ts';
import { showDuration } from '../duration.ts';
import type { ComparedPartition } from './compare-copy.ts';
import type { FolderArtifact } from './copy-artifacts.ts';
import type { CopyPlan } from './copy-plan.ts';
import { type MigrationMark, placeOf } from './migration-mark.ts';

/** What Kafka has of a log. */
export type There = ReadonlyMap<Topic, CopyTopic>;

export const endsIn = (there: There, topic: Topic): readonly number[] => there.get(topic)?.ends ?? [];
export const recordsIn = (there: There): number =>
  [...there.values()].flatMap(({ ends }) => ends).reduce((all, end) => all + end, 0);

/** One log cannot go on in two places. */
export const refuseOtherPlace = (
  mark: MigrationMark | undefined,
  place: Pick<MigrationMark, 'to' | 'topicPrefix'>,
): void => {
  if (mark?.state !== 'moved' || placeOf(mark) === placeOf(place)) return;
  throw failed(
    `The log was moved to ${placeOf(mark)} on ${mark.at}. A copy in another place would be a second log under the ` +
      'same name. Where that first copy was given up and removed, remove migration.json from the folder.',
  );
};

/** Kafka stamps what comes next with its own clock, and log time never runs back. */
export const refuseFutureTimes = ({ newestAt }: CopyPlan, now: number): void => {
  if (newestAt <= now) return;
  throw failed(
    `The newest record was stored ${showDuration(newestAt - now)} ahead of this machine's clock. Set the clock, or wait.`,
  );
};

export const refuseForeignTopics = ({ topics }: CopyPlan, there: There): void => {
  for (const [topic, { ends, takesTimes }] of there) {
    const planned = topics.find((one) => one.topic === topic);
    if (!planned) throw foreign(`it has the topic ${topic}, of which the folder has none`);
    if (planned.partitions !== ends.length) {
      const counts = `topic ${topic} has ${ends.length} partitions there, and the copy is to have ${planned.partitions}`;
      throw foreign(`${counts} (--partitions)`);
    }
    const copied = ends.reduce((all, end) => all + end, 0);
    if (copied > 0 && copied < planned.total && !takesTimes) {
      const there = `topic ${topic} is in use there, with ${copied} records so far`;
      throw foreign(
        `${there}, and is no copy of the ${planned.total} records in this folder that could be gone on with`,
      );
    }
  }
};

/** Kafka says so only when topics are made, which a plan does not do. */
export const refuseFewBrokers = (
  { topics }: CopyPlan,
  there: There,
  { brokers, replicationFactor }: { readonly brokers: number; readonly replicationFactor: number },
): void => {
  const isAllThere = topics.every(({ topic }) => there.has(topic));
  if (isAllThere || brokers >= replicationFactor) return;
  throw failed(
    `The topics could not be made: each would be on ${replicationFactor} brokers, and there ${brokers === 1 ? 'is 1' : `are ${brokers}`}. ` +
      `Start more brokers, or say --replication-factor ${brokers}.`,
  );
};

/** While a log is being copied nobody else writes to it. */
export const refuseMore = (partitions: readonly ComparedPartition[]): void => {
  const longer = partitions.find(({ since }) => since > 0);
  if (!longer) return;
  const { topic, partition, records } = longer;
  throw foreign(`topic ${topic}, partition ${partition} goes on at offset ${records}, where the folder ends`);
};

export const refuseIncomplete = (partitions: readonly ComparedPartition[]): void => {
  for (const { topic, partition, records, copied, sha256, copiedSha256 } of partitions) {
    if (records === copied && sha256 === copiedSha256) continue;
    throw new LogError(
      'foreign_log',
      `The copy is not whole: topic ${topic}, partition ${partition} has ${copied} of ${records} records in Kafka.`,
    );
  }
};

/** Models whose file is missing cannot be run: nobody leaves files behind without having said so. */
export const refuseLeftFiles = (artifacts: readonly FolderArtifact[]): void => {
  if (artifacts.length === 0) return;
  throw usage(
    `The folder has ${artifacts.length} files of models and large payloads, which would be missing in the new place: ` +
      'models could not be run, and large inputs and outputs not be read. Name the MongoDB that takes them with ' +
      '--artifacts-to or MONGODB_URI, or leave them behind with --without-artifacts.',
  );
};

const foreign = (what: string): LogError =>
  new LogError(
    'foreign_log',
    `Kafka holds something else: ${what}. Copy to another topic prefix, or remove those topics if nobody needs them.`,
  );
