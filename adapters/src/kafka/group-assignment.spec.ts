import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPartitions, type GroupMember } from './group-assignment.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const anyPartitions = fc.integer({ min: 1, max: 24 });

/** Members whose claims may overlap, name partitions that do not exist, or come from older assignments. */
const anyMembers = fc
  .array(
    fc.record({
      id: fc.uuid(),
      generation: fc.integer({ min: -1, max: 3 }),
      owned: fc.uniqueArray(fc.integer({ min: 0, max: 26 })),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((members) => [...new Map(members.map((member) => [member.id, member])).values()]);

/** What members claim in the next round, when each has let go of what it misses. */
const afterwards = (members: readonly GroupMember[], given: ReadonlyMap<string, readonly number[]>): GroupMember[] =>
  members.map(({ id }) => ({ id, generation: 9, owned: given.get(id) ?? [] }));

describe('the assignment of partitions', () => {
  it('never gives a partition to two members, nor one to somebody else than who claims it', () => {
    fc.assert(
      fc.property(anyMembers, anyPartitions, (members, partitions) => {
        const given = assignPartitions(members, partitions);
        const all = [...given.values()].flat();
        expect(new Set(all).size).toBe(all.length);
        for (const [id, those] of given) {
          for (const partition of those) {
            const claimants = members.filter(({ owned }) => owned.includes(partition));
            const latest = Math.max(...claimants.map(({ generation }) => generation));
            const owner = claimants.find(({ generation }) => generation === latest);
            expect(partition).toBeLessThan(partitions);
            if (owner) expect(owner.id).toBe(id);
          }
        }
      }),
    );
  });

  it('is complete and even after the second round, and moves nothing after that', () => {
    fc.assert(
      fc.property(anyMembers, anyPartitions, (members, partitions) => {
        const second = afterwards(members, assignPartitions(members, partitions));
        const given = assignPartitions(second, partitions);
        const counts = [...given.values()].map(({ length }) => length);
        expect([...given.values()].flat().sort((a, b) => a - b)).toEqual(range(partitions));
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        const third = assignPartitions(afterwards(second, given), partitions);
        for (const [id, those] of given) expect(new Set(third.get(id))).toEqual(new Set(those));
      }),
    );
  });

  it('lets a member keep what it has, up to its share', () => {
    const owned = range(6);
    const members = [
      { id: 'new', generation: -1, owned: [] },
      { id: 'old', generation: 4, owned },
    ];
    const given = assignPartitions(members, 6);
    expect(given.get('old')).toEqual([0, 1, 2]);
    expect(given.get('new')).toEqual([]);
  });
});
