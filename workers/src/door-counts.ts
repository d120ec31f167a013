import type { ModelBacklog, PartitionBacklog } from '@hindcast/domain';
import { largest } from './largest.ts';
import { createOpenCounts, type OpenCounts } from './open-counts.ts';
import type { OpenEntry } from './open-set.ts';

/** How many predictions of each door are open, by partition. What came without the name of a door is not counted here. */
export interface DoorCounts {
  opened(entry: OpenEntry): void;
  closed(entry: OpenEntry): void;
  of(partition: number): Pick<PartitionBacklog, 'doors' | 'models' | 'unlistedMax'>;
}

/** Of one partition. */
const doorsMax = 1_000;
const modelsMax = 500;

export const createDoorCounts = (): DoorCounts => {
  const partitions = new Map<number, Map<string, OpenCounts>>();
  return {
    opened(entry) {
      if (entry.door === undefined) return;
      const doors = partitions.get(entry.partition) ?? new Map<string, OpenCounts>();
      const counts = doors.get(entry.door) ?? createOpenCounts(({ model }) => model);
      counts.opened(entry);
      doors.set(entry.door, counts);
      partitions.set(entry.partition, doors);
    },
    closed(entry) {
      if (entry.door === undefined) return;
      const doors = partitions.get(entry.partition);
      const counts = doors?.get(entry.door);
      counts?.closed(entry);
      if (counts?.open === 0) doors?.delete(entry.door);
    },
    of(partition) {
      const all = [...(partitions.get(partition) ?? [])].map(([door, counts]) => ({ door, counts, open: counts.open }));
      const listed = largest(all, doorsMax, ({ open }) => open);
      const models = listed.flatMap(({ door, counts }) =>
        counts.list().map(({ tenant, name, open }): ModelBacklog => ({ door, tenant, model: name, open })),
      );
      const told = largest(models, modelsMax, ({ open }) => open);
      return {
        doors: listed.map(({ door, open }) => ({ door, open })),
        models: told,
        unlistedMax: told.length < models.length ? (told.at(-1)?.open ?? 0) : 0,
      };
    },
  };
};
