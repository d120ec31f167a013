import { Problem } from '@hindcast/adapters/http';
import type { AppendOutcome, BoardReading, ModelBacklog, PartitionBacklog } from '@hindcast/domain';
import { type Admission, createAdmission } from '../admission.ts';
import { createDoorRoom, type DoorRoom } from '../door-room.ts';

export const openMax = 60;
export const models = ['a', 'b', 'c'] as const;
export type Model = (typeof models)[number];
const names = ['d-1', 'd-2', 'd-3'] as const;

interface Item {
  readonly door: string;
  readonly model: string;
  ended: boolean;
}
export interface Door {
  readonly name: string;
  readonly room: DoorRoom;
  readonly admission: Admission;
}

/** Two partitions with a keeper, doors that accept, and a board of which every door reads in its own time. */
export const createDoorWorld = (doorNames: readonly string[] = names) => {
  const log: Item[][] = [[], []];
  const next = [0, 0];
  const board = new Map<number, PartitionBacklog>();
  const alive = new Set<string>(doorNames);
  let beat = 0;
  let time = 0;
  const open = (items: readonly Item[]) => items.filter(({ ended }) => !ended);
  const join = (name: string): Door => {
    const room = createDoorRoom({ door: name, openMax });
    alive.add(name);
    return { name, room, admission: createAdmission(room, openMax) };
  };
  const reading = (): BoardReading => {
    beat += 1;
    return { partitions: [...board.values()], doors: [...alive].map((door) => ({ door, beat })), workers: [] };
  };

  const world = {
    doors: doorNames.map(join),
    alive,
    board,
    join,
    reading,
    /** Time goes by, and the door takes what it has read. */
    take(door: Door, read = reading(), ms = 200) {
      time += ms;
      door.room.take(read, time);
    },
    /** undefined where there is no room. */
    enter(door: Door, model: Model, items: number) {
      try {
        return door.admission.enter('t', model, items, '');
      } catch (error) {
        if (error instanceof Problem && error.code === 'backlog-too-long') return undefined;
        throw error;
      }
    },
    append(door: Door, model: Model, partitions: readonly number[]): AppendOutcome[] {
      return partitions.map((partition) => {
        const offset = (log[partition] ?? []).push({ door: door.name, model, ended: false }) - 1;
        return { ok: true, position: { epoch: 0, partition, offset }, appendedAt: 0 };
      });
    },
    accept(door: Door, model: Model, items: number, partition = 0): boolean {
      const leave = world.enter(door, model, items);
      if (!leave) return false;
      door.admission.appended('t', model, world.append(door, model, Array<number>(items).fill(partition)));
      leave();
      return true;
    },
    acceptAll(door: Door, model: Model, partition = 0): number {
      let accepted = 0;
      while (world.accept(door, model, 1, partition)) accepted += 1;
      return accepted;
    },
    fold(partition: number, count = Number.POSITIVE_INFINITY) {
      next[partition] = Math.min((next[partition] ?? 0) + count, log[partition]?.length ?? 0);
    },
    end(partition: number, count: number) {
      const folded = open((log[partition] ?? []).slice(0, next[partition]));
      for (const item of folded.slice(0, count)) item.ended = true;
    },
    report(partition: number, pairsMax = 100) {
      const items = open((log[partition] ?? []).slice(0, next[partition]));
      const pairs = new Map<string, ModelBacklog>();
      for (const { door, model } of items) {
        const before = pairs.get(`${door} ${model}`)?.open ?? 0;
        pairs.set(`${door} ${model}`, { door, tenant: 't', model, open: before + 1 });
      }
      const sorted = [...pairs.values()].sort((x, y) => y.open - x.open);
      const listed = sorted.slice(0, pairsMax);
      const doors = [...new Set(items.map(({ door }) => door))];
      board.set(partition, {
        logId: 'l',
        epoch: 0,
        partition,
        next: next[partition] ?? 0,
        open: items.length,
        doors: doors.map((door) => ({ door, open: items.filter((item) => item.door === door).length })),
        models: listed,
        unlistedMax: listed.length < sorted.length ? (listed.at(-1)?.open ?? 0) : 0,
      });
    },
    open: () => open(log.flat()).length,
    openOf: (model: Model) => open(log.flat()).filter((item) => item.model === model).length,
  };
  return world;
};
