/** What a member says of itself when it joins. */
export interface GroupMember {
  readonly id: string;
  /** Of the assignment that its claims come from; -1 where it has lost its place. */
  readonly generation: number;
  /** Partitions that it has, or is letting go of. */
  readonly owned: readonly number[];
}

/** Who has each partition. Of two that claim one, the older assignment is out of date. */
const ownersOf = (members: readonly GroupMember[], partitions: number): (GroupMember | undefined)[] => {
  const owners = new Array<GroupMember | undefined>(partitions).fill(undefined);
  for (const member of members) {
    for (const partition of member.owned) {
      if (partition >= partitions || (owners[partition]?.generation ?? -2) >= member.generation) continue;
      owners[partition] = member;
    }
  }
  return owners;
};

/**
 * Deals the partitions out evenly, and moves as few as that takes. A partition that is to move is given to nobody as long
 * as its owner has not let go of it: the owner learns that by missing it, lets go and joins again, and then it is free.
 */
export const assignPartitions = (
  members: readonly GroupMember[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> => {
  const owners = ownersOf(members, partitions);
  const held = (member: GroupMember): number => owners.filter((owner) => owner === member).length;
  const ranked = [...members].sort((a, b) => held(b) - held(a) || (a.id < b.id ? -1 : 1));
  const room = new Map(
    ranked.map(({ id }, i) => [id, Math.floor((partitions + ranked.length - 1 - i) / ranked.length)]),
  );
  const given = new Map<string, number[]>(members.map(({ id }) => [id, []]));

  const give = (id: string | undefined, partition: number): boolean => {
    const free = id === undefined ? 0 : (room.get(id) ?? 0);
    if (id === undefined || free === 0) return false;
    room.set(id, free - 1);
    given.get(id)?.push(partition);
    return true;
  };
  for (const [partition, owner] of owners.entries()) give(owner?.id, partition);
  for (const [partition, owner] of owners.entries()) {
    if (owner) continue;
    const neediest = ranked.reduce((best, { id }) => ((room.get(id) ?? 0) > (room.get(best) ?? 0) ? id : best), '');
    give(neediest, partition);
  }
  return given;
};
