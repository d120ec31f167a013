import {
  describeBrokers,
  type KafkaCopyOptions,
  type KafkaCopyTarget,
  openKafkaCopyTarget,
} from '@hindcast/adapters/kafka';
import { nodeIdentity } from '@hindcast/adapters/node';
import { lockFolder, openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { type Clock, TOPICS } from '@hindcast/domain';
import { whileWaiting } from '../while-waiting.ts';
import { type ComparedPartition, compareTopic } from './compare-copy.ts';
import {
  type ArtifactPlace,
  copyArtifacts,
  type FolderArtifact,
  listArtifacts,
  refuseOtherDatabase,
} from './copy-artifacts.ts';
import { type CopyPlan, planCopy } from './copy-plan.ts';
import { copyTopic } from './copy-records.ts';
import { type MigrationMark, placeOf, readMigrationMark, writeMigrationMark } from './migration-mark.ts';
import type { MigrationProgress } from './migration-progress.ts';
import {
  endsIn,
  recordsIn,
  refuseFewBrokers,
  refuseForeignTopics,
  refuseFutureTimes,
  refuseIncomplete,
  refuseLeftFiles,
  refuseMore,
  refuseOtherPlace,
  type There,
} from './migration-refusals.ts';
import { createOpenPredictions, type OpenCount } from './open-predictions.ts';

export interface MigrationOptions {
  /** The data folder. Nobody else may use it meanwhile. */
  readonly data: string;
  /** As people write it: `kafka://host:port,…`. */
  readonly to: string;
  readonly kafka: KafkaCopyOptions;
  /** undefined keeps the number of partitions. */
  readonly partitions: number | undefined;
  /** undefined: artifacts stay where they are. */
  readonly artifactsTo: ArtifactPlace | undefined;
  /** Somebody has said that they may stay. */
  readonly withoutArtifacts: boolean;
  /** `plan` and `verify` change nothing; `verify` reads and compares all. */
  readonly mode: 'move' | 'plan' | 'verify';
  readonly now: Clock;
  readonly progress: MigrationProgress;
}

export interface MigrationResult {
  readonly state: 'planned' | 'moved' | 'verified';
  readonly to: string;
  readonly topicPrefix: string;
  readonly logId: string;
  readonly epoch: number;
  readonly keepsPositions: boolean;
  readonly topics: readonly { readonly topic: string; readonly partitions: number; readonly records: number }[];
  /** Records that Kafka had when the command began. */
  readonly alreadyThere: number;
  /** `copied`: they are in MongoDB, or, where this is a plan, would be. */
  readonly artifacts: { readonly files: number; readonly bytes: number; readonly copied: boolean };
  /** undefined where nothing was read. */
  readonly open: OpenCount | undefined;
  readonly partitions: readonly ComparedPartition[];
}

/** Both sides, and what is to be done between them. */
interface Migration {
  readonly options: MigrationOptions;
  readonly plan: CopyPlan;
  readonly target: KafkaCopyTarget;
  readonly place: Pick<MigrationMark, 'to' | 'topicPrefix'>;
}

/**
 * Copies the log of a folder to Kafka. Before the first record is written, all that Kafka has is compared with what it
 * should be; after the last one, everything is. Killed at any moment and begun again it goes on where Kafka ends.
 */
export const migrateLog = async (options: MigrationOptions): Promise<MigrationResult> => {
  const source = openSqliteLogReader(options.data);
  try {
    const lock = lockFolder(options.data);
    const target = openKafkaCopyTarget(options.kafka);
    try {
      const { partitions, now } = options;
      const plan = await planCopy(source, { partitions, idFromText: nodeIdentity.idFromText });
      refuseFutureTimes(plan, now());
      const place = { to: options.to, topicPrefix: options.kafka.topicPrefix ?? '' };
      return await migrate({ options, plan, target, place });
    } finally {
      await target.close();
      lock.release();
    }
  } finally {
    source.close();
  }
};

const migrate = async (migration: Migration): Promise<MigrationResult> => {
  const { options, plan, target, place } = migration;
  const { mode, artifactsTo } = options;
  const mark = await readMigrationMark(options.data);
  refuseOtherPlace(mark, place);
  const there = await whileWaiting(target.topics(), () =>
    options.progress.note(`${options.to} has not answered yet; still trying.`),
  );
  refuseForeignTopics(plan, there);
  if (artifactsTo) await refuseOtherDatabase(artifactsTo, plan);
  const artifacts = await listArtifacts(options.data);
  const resultOf = (state: MigrationResult['state'], compared?: Compared): MigrationResult => ({
    state,
    ...place,
    logId: plan.logId,
    epoch: plan.epoch,
    keepsPositions: plan.keepsPositions,
    topics: plan.topics.map(({ topic, partitions, total }) => ({ topic, partitions, records: total })),
    alreadyThere: recordsIn(there),
    artifacts: {
      files: artifacts.length,
      bytes: artifacts.reduce((all, { bytes }) => all + bytes, 0),
      copied: artifactsTo !== undefined,
    },
    open: compared?.open,
    partitions: compared?.partitions ?? [],
  });

  const isSealed = there.size > 0 && [...there.values()].every(({ takesTimes }) => !takesTimes) && recordsIn(there) > 0;
  if (mode === 'move' && !artifactsTo && !options.withoutArtifacts) refuseLeftFiles(artifacts);
  if (mode === 'verify' || (mode === 'move' && isSealed)) {
    const compared = await compare('Comparing', migration, there);
    refuseIncomplete(compared.partitions);
    await copyAllArtifacts(migration, artifacts);
    if (mode === 'move' && mark?.state !== 'moved') await writeMark(migration, mark?.producerId ?? '', 'moved');
    return resultOf(mode === 'move' ? 'moved' : 'verified', compared);
  }

  if (recordsIn(there) > 0) {
    const { partitions } = await compare('Looking at what is there', migration, there);
    if (isSealed) refuseIncomplete(partitions);
    else refuseMore(partitions);
  }
  const { brokers } = await describeBrokers({ ...options.kafka, topicPrefix: place.topicPrefix });
  refuseFewBrokers(plan, there, { brokers, replicationFactor: options.kafka.replicationFactor });
  if (mode === 'plan') return resultOf('planned');
  await copyAllArtifacts(migration, artifacts);
  await target.prepare(new Map(plan.topics.map(({ topic, partitions }) => [topic, partitions])));
  const isSame = mark !== undefined && placeOf(mark) === placeOf(place);
  const producerId = isSame ? mark.producerId : await target.newProducerId();
  if (mark?.state !== 'moved') await writeMark(migration, producerId, 'copying');
  await copy(migration, await target.topics(), producerId);
  const compared = await compare('Comparing', migration, await target.topics());
  refuseMore(compared.partitions);
  refuseIncomplete(compared.partitions);
  // The folder says so first: broken off in between, there is no moment at which both could go on.
  await writeMark(migration, producerId, 'moved');
  await target.seal();
  return resultOf('moved', compared);
};

const writeMark = async (
  { options, place }: Migration,
  producerId: string,
  state: MigrationMark['state'],
): Promise<void> => {
  await writeMigrationMark(options.data, { ...place, state, at: new Date(options.now()).toISOString(), producerId });
};

const copyAllArtifacts = async (
  { options: { data, artifactsTo, mode, progress }, plan }: Migration,
  artifacts: readonly FolderArtifact[],
): Promise<void> => {
  if (!artifactsTo || artifacts.length === 0) return;
  progress.begin(mode === 'move' ? 'Copying files' : 'Comparing files', artifacts.length, 'files');
  const onChecked = () => progress.advance(1);
  await copyArtifacts(data, artifacts, artifactsTo, { claimFor: mode === 'move' ? plan : undefined, onChecked });
  progress.end();
};

const totalOf = ({ topics }: CopyPlan): number => topics.reduce((all, { total }) => all + total, 0);

const copy = async ({ options, plan, target }: Migration, there: There, producerId: string): Promise<void> => {
  const left = totalOf(plan) - recordsIn(there);
  options.progress.begin('Copying', left, 'records');
  for (const planned of plan.topics) {
    const { topic } = planned;
    await copyTopic(
      planned,
      endsIn(there, topic),
      (partition, records) => target.append({ topic, partition, records, producerId }),
      options.progress.advance,
    );
  }
  options.progress.end();
};

interface Compared {
  readonly partitions: readonly ComparedPartition[];
  readonly open: OpenCount;
}

const compare = async (what: string, { options, plan, target }: Migration, there: There): Promise<Compared> => {
  const open = createOpenPredictions();
  const partitions: ComparedPartition[] = [];
  options.progress.begin(what, totalOf(plan), 'records');
  for (const planned of plan.topics) {
    const compared = await compareTopic(planned, target, endsIn(there, planned.topic), (page) => {
      options.progress.advance(page.length);
      if (planned.topic === TOPICS.predictions) for (const record of page) open.add(record);
    });
    partitions.push(...compared);
  }
  options.progress.end();
  return { partitions, open: open.count(options.now()) };
};
