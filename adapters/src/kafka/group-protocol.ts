import { AssignerProtocol, type Broker } from 'kafkajs';
import type { GroupMember } from './group-assignment.ts';

/** The requests of a group member, which kafkajs has and does not declare. */
export interface GroupBroker extends Broker {
  joinGroup(request: {
    readonly groupId: string;
    readonly memberId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
  }): Promise<unknown>;
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

/** Members of other kinds are kept out of the group by this name. */
export const groupProtocolName = 'hindcast-cooperative-1';
const version = 1;

export const encodeMember = (topic: string, { generation, owned }: Omit<GroupMember, 'id'>): Buffer =>
  AssignerProtocol.MemberMetadata.encode({
    version,
    topics: [topic],
    userData: Buffer.from(JSON.stringify({ generation, owned })),
  });

export const decodeMember = (id: string, metadata: Buffer): GroupMember => {
  const userData = AssignerProtocol.MemberMetadata.decode(metadata)?.userData;
  const { generation, owned } = JSON.parse(userData?.toString() ?? '') as Omit<GroupMember, 'id'>;
  return { id, generation, owned };
};

/** In the form that Kafka's own tools read. */
export const encodeAssignment = (topic: string, partitions: readonly number[]): Buffer =>
  AssignerProtocol.MemberAssignment.encode({
    version,
    assignment: { [topic]: [...partitions] },
    userData: Buffer.alloc(0),
  });

export const decodeAssignment = (topic: string, assignment: Buffer): readonly number[] =>
  AssignerProtocol.MemberAssignment.decode(assignment)?.assignment[topic] ?? [];
