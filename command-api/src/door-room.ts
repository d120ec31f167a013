import {
  type Backlog,
  type BoardReading,
  isLaterReport,
  type PartitionBacklog,
  type SharedBacklog,
} from '@hindcast/domain';
import { openOfOneMaxOf } from './admission.ts';
import { expectedWaits } from './expected-waits.ts';
import { createLiveMembers } from './live-members.ts';

/** The backlog as one of several doors counts it, from what it reads on the board. */
export interface DoorRoom extends Omit<Backlog, 'shared'> {
  readonly shared: Omit<SharedBacklog, 'claims'>;
  /** Takes a reading of the board in. `at` only has to run forward. */
  take(reading: BoardReading, at: number): void;
  /** As the keepers told of all doors: what was accepted in the last moment is not in it. */
  known(): { readonly open: number; readonly doors: number };
}

/** Open ones of one model, or of all. */
interface Tally {
  /** Accepted by anybody. */
  all: number;
  own: number;
  /** Accepted by doors that are alive, this one included. */
  living: number;
}

/**
 * A door has its share of what may be open, and counts against it what it has accepted itself, whoever has told of it:
 * no reading, however old it is, lets the doors accept more than all the shares. What doors left behind that are no more
 * is taken off before the rest is shared.
 */
export const createDoorRoom = ({ door, openMax }: { readonly door: string; readonly openMax: number }): DoorRoom => {
  const openOfOneMax = openOfOneMaxOf(openMax);
  const partitions = new Map<number, PartitionBacklog>();
  const doors = createLiveMembers();
  const workers = createLiveMembers();
  let living: ReadonlySet<string> = new Set([door]);
  let rank = 0;
  let waits: Backlog['expectedWaitMs'] = () => 0;
  let known = 0;
  /** What counts as taken. All, until there was a reading. */
  let taken = openMax;
  let takenOf: ReadonlyMap<string, number> = new Map();
  let takenOfUnlisted = openOfOneMax;

  /** The shares of all doors are never more than what is to be shared, though each may know of more that is left behind. */
  const takenOutOf = (max: number, { all, own, living: ofLiving }: Tally): number => {
    const toShare = Math.max(0, max - (all - ofLiving));
    const share = Math.floor((toShare + living.size - 1 - rank) / living.size);
    return max - Math.min(share - own, max - all);
  };

  const tallyAll = (): Tally => {
    const tally: Tally = { all: 0, own: 0, living: 0 };
    for (const partition of partitions.values()) {
      tally.all += partition.open;
      for (const one of partition.doors) addTo(tally, one.door, one.open);
    }
    return tally;
  };
  const addTo = (tally: Tally, by: string, open: number): void => {
    if (by === door) tally.own += open;
    if (living.has(by)) tally.living += open;
  };
  /** What a partition leaves out of its list is counted as this door's own, as much of it as there may be. */
  const tallyModels = (unlisted: number): Map<string, Tally> => {
    const tallies = new Map<string, Tally>();
    for (const { models, unlistedMax } of partitions.values()) {
      for (const { door: by, tenant, model, open } of models) {
        const key = `${tenant}/${model}`;
        const tally = tallies.get(key) ?? { all: unlisted, own: unlisted, living: unlisted };
        tallies.set(key, tally);
        const more = by === door ? open - unlistedMax : open;
        tally.all += more;
        addTo(tally, by, more);
      }
    }
    return tallies;
  };

  const recount = (): void => {
    const ids = [...new Set([...doors.ids, door])].sort();
    living = new Set(ids);
    rank = ids.indexOf(door);
    const tally = tallyAll();
    known = tally.all;
    taken = takenOutOf(openMax, tally);
    let unlisted = 0;
    for (const { unlistedMax } of partitions.values()) unlisted += unlistedMax;
    takenOf = new Map([...tallyModels(unlisted)].map(([key, each]) => [key, takenOutOf(openOfOneMax, each)]));
    takenOfUnlisted = takenOutOf(openOfOneMax, { all: unlisted, own: unlisted, living: unlisted });
  };

  return {
    open: () => taken,
    openOf: (tenant, model) => takenOf.get(`${tenant}/${model}`) ?? takenOfUnlisted,
    countedTo: (partition) => partitions.get(partition)?.next ?? 0,
    expectedWaitMs: (...of) => waits(...of),
    shared: { door },
    known: () => ({ open: known, doors: living.size }),
    take(reading, at) {
      for (const report of reading.partitions) {
        if (isLaterReport(report, partitions.get(report.partition))) partitions.set(report.partition, report);
      }
      doors.see(new Map(reading.doors.map(({ door: id, beat }) => [id, beat])), at);
      workers.see(new Map(reading.workers.map(({ worker, beat }) => [worker, beat])), at);
      waits = expectedWaits(reading.workers.filter(({ worker }) => workers.ids.includes(worker)));
      recount();
    },
  };
};
