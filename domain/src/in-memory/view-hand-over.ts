import { promotedHold, type ViewGeneration, type ViewHandOver, type ViewHold, type ViewMember } from '../view-store.ts';

export interface MemoryHandOver extends ViewHandOver {
  /** To be called with the promotion. Throws where the hold is gone. */
  promote(hold: ViewHold): void;
  /** Who was there, and who held what, goes with the views. */
  lose(): void;
}

/** For views of one process: those who could be asked to stand still are in it, and die with it. */
export const createMemoryHandOver = (generations: () => Promise<readonly ViewGeneration[]>): MemoryHandOver => {
  const holds = new Map<string, ViewHold>();
  const members = new Map<string, ViewMember>();
  const isOn = ({ projection, id }: ViewHold): boolean => holds.get(projection)?.id === id;

  return {
    async beat(member) {
      members.set(member.id, member);
      return { generations: await generations(), holds: [...holds.values()], members: [...members.values()] };
    },
    async forget({ id, beat }) {
      if (members.get(id)?.beat === beat) members.delete(id);
    },
    async hold(hold) {
      if (!holds.has(hold.projection)) holds.set(hold.projection, hold);
      return isOn(hold);
    },
    async release(hold) {
      if (isOn(hold)) holds.delete(hold.projection);
    },
    promote(hold) {
      if (!isOn(hold)) throw new Error(`The hold of ${hold.projection} was taken away.`);
      holds.set(hold.projection, promotedHold(hold));
    },
    lose() {
      holds.clear();
      members.clear();
    },
  };
};
