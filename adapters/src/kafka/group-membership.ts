import type { KafkaLogBounds } from './event-log-options.ts';
import type { FarewellPatience } from './farewell-patience.ts';
import { assignPartitions } from './group-assignment.ts';
import { decodeAssignment, decodeMember, encodeAssignment, encodeMember, groupProtocolName } from './group-protocol.ts';
import { failureOf } from './kafka-failure.ts';
import type { KafkaLink } from './kafka-link.ts';
import { backOffMs, createPauses } from './pauses.ts';
import type { TroubleLog } from './trouble-log.ts';

const retryMsMin = 100;
const retryMsMax = 5_000;

/** The consumer, as its membership sees it. */
export interface GroupHost {
  /** Partitions that it has, and those that it is letting go of. */
  owned(): readonly number[];
  /**
   * Takes what is new to it, and begins to let go of what is not among `assigned`. Resolves when everything that is to go
   * is gone, with whether something was.
   */
  settle(assigned: readonly number[], committed: ReadonlyMap<number, number>): Promise<boolean>;
  /** Which of these it does not have in any way. */
  newAmong(assigned: readonly number[]): readonly number[];
  takeCommits(): readonly { readonly partition: number; readonly next: number }[];
  returnCommits(commits: readonly { readonly partition: number; readonly next: number }[]): void;
}

export interface GroupMembershipOptions {
  readonly link: KafkaLink;
  /** For the farewell of a member whose own connection waits for the others to join. */
  readonly farewellLink: KafkaLink;
  readonly patience: FarewellPatience;
  readonly groupId: string;
  readonly topicName: string;
  readonly partitions: number;
  readonly host: GroupHost;
  readonly bounds: KafkaLogBounds;
  readonly trouble: TroubleLog;
}

export interface GroupMembership {
  /** Commits what there is to commit, and leaves. */
  leave(): Promise<void>;
}

const lostPlace: ReadonlySet<string | undefined> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_INSTANCE_ID',
]);

/**
 * A member of a consumer group. All that it tells the coordinator goes through one loop, one request after the other.
 * Members keep what they have while the group rebalances, and let go of a partition before anybody else gets it.
 */
export const joinGroup = (options: GroupMembershipOptions): GroupMembership => {
  const { link, groupId, topicName, partitions, host, bounds, trouble } = options;
  const pauses = createPauses();
  let memberId = '';
  let generation = -1;
  let joinDue = true;
  let leaving = false;
  let failures = 0;
  let heardAt = performance.now();

  const rejoin = (): void => {
    joinDue = true;
    pauses.wake();
  };

  const settle = (assigned: readonly number[], committed: ReadonlyMap<number, number>): void => {
    void host.settle(assigned, committed).then((letGo) => {
      if (letGo) rejoin();
    });
  };

  const committedOf = async (wanted: readonly number[]): Promise<ReadonlyMap<number, number>> => {
    if (wanted.length === 0) return new Map();
    const asked = wanted.map((partition) => ({ partition, offset: '-1' }));
    const request = { groupId, topics: [{ topic: topicName, partitions: asked }] };
    const { responses } = await link.askCoordinator(groupId, (broker) => broker.offsetFetch(request));
    const found = responses.flatMap((topic) => topic.partitions);
    return new Map(
      found
        .map(({ partition, offset }): [number, number] => [partition, Number(offset)])
        .filter(([, next]) => next >= 0),
    );
  };

  const join = async (): Promise<void> => {
    const request = {
      groupId,
      memberId,
      sessionTimeout: bounds.sessionTimeoutMs,
      rebalanceTimeout: bounds.rebalanceTimeoutMs,
      groupProtocols: [
        { name: groupProtocolName, metadata: encodeMember(topicName, { generation, owned: host.owned() }) },
      ],
    };
    const heldMs = bounds.rebalanceTimeoutMs;
    const joined = await link.askCoordinator(groupId, (broker) => broker.joinGroup(request), heldMs);
    memberId = joined.memberId;
    const given =
      joined.leaderId === memberId
        ? assignPartitions(
            joined.members.map((member) => decodeMember(member.memberId, member.memberMetadata)),
            partitions,
          )
        : new Map<string, readonly number[]>();
    const groupAssignment = [...given].map(([id, those]) => ({
      memberId: id,
      memberAssignment: encodeAssignment(topicName, those),
    }));
    const sync = { groupId, generationId: joined.generationId, memberId, groupAssignment };
    const { memberAssignment } = await link.askCoordinator(groupId, (broker) => broker.syncGroup(sync), heldMs);
    const assigned = decodeAssignment(topicName, memberAssignment);
    const committed = await committedOf(host.newAmong(assigned));
    generation = joined.generationId;
    joinDue = false;
    settle(assigned, committed);
  };

  const commit = async (): Promise<void> => {
    const commits = memberId === '' ? [] : host.takeCommits();
    if (commits.length === 0) return;
    const offsets = commits.map(({ partition, next }) => ({ partition, offset: String(next) }));
    const topics = [{ topic: topicName, partitions: offsets }];
    try {
      const request = { groupId, groupGenerationId: generation, memberId, topics };
      await link.askCoordinator(groupId, (broker) => broker.offsetCommit(request));
    } catch (error) {
      host.returnCommits(commits);
      throw error;
    }
  };

  const loseAll = (): void => {
    memberId = '';
    generation = -1;
    joinDue = true;
    void host.settle([], new Map());
  };

  const afterFailure = async (error: unknown): Promise<void> => {
    const { type } = failureOf(error);
    if (type === 'REBALANCE_IN_PROGRESS') {
      joinDue = true;
      return;
    }
    if (lostPlace.has(type)) return loseAll();
    failures += 1;
    trouble.failed(error);
    if (performance.now() - heardAt > bounds.sessionTimeoutMs) loseAll();
    if (leaving) return;
    await link.recover(error);
    await pauses.pause(backOffMs(failures, retryMsMin, retryMsMax));
  };

  const beat = (): Promise<unknown> =>
    link.askCoordinator(groupId, (broker) => broker.heartbeat({ groupId, groupGenerationId: generation, memberId }));

  const turn = async (): Promise<void> => {
    await link.prepare();
    // Before anything else: whoever gets a partition next begins where this member has committed.
    await commit().catch((error) => {
      if (failureOf(error).type !== 'REBALANCE_IN_PROGRESS') throw error;
      joinDue = true;
    });
    if (joinDue) await join();
    else await beat();
    heardAt = performance.now();
    failures = 0;
    trouble.over();
    if (!joinDue) await pauses.pause(bounds.heartbeatMs);
  };

  const live = async (): Promise<void> => {
    while (!leaving) await turn().catch(afterFailure);
  };
  const living = live();

  const farewell = async (): Promise<void> => {
    await living;
    if (memberId === '') return;
    await commit().catch(trouble.failed);
    await link.askCoordinator(groupId, (broker) => broker.leaveGroup({ groupId, memberId }));
    memberId = '';
  };

  const leaveFromElsewhere = async (): Promise<void> => {
    if (memberId === '') return;
    await options.farewellLink.askCoordinator(groupId, (broker) => broker.leaveGroup({ groupId, memberId }));
  };

  return {
    leave: async () => {
      leaving = true;
      pauses.wake();
      const said = await options.patience.within(farewell().catch(trouble.failed));
      if (said === 'late') await options.patience.within(leaveFromElsewhere().catch(trouble.failed));
    },
  };
};
