import { createIndexedHeap } from './indexed-heap.ts';
import { createJobGroup, firstOf, type Job, type JobGroup, orderOf } from './job-group.ts';

/** The queue of one model, and what it has had of the machine. */
export interface ModelLane {
  readonly model: string;
  readonly sha256: string;
  readonly queued: number;
  /** Slots that its runs hold. */
  running: number;
  /** Weighted ms of run time that it was given: the model with the least goes next. */
  served: number;
  add(job: Job): void;
  remove(job: Job): void;
  first(): Job | undefined;
}

export const createModelLane = (model: string, sha256: string, served: number, agingMs: number): ModelLane => {
  const groups = new Map<string, JobGroup>();
  const byOrder = createIndexedHeap<JobGroup>((group) => group.order);
  let queued = 0;
  let aloneCount = 0;

  const reorder = (group: JobGroup) => {
    const first = firstOf(group, agingMs);
    if (!first) {
      byOrder.remove(group);
      groups.delete(group.shape);
      return;
    }
    const order = orderOf(first, agingMs);
    if (order === group.order) return;
    group.order = order;
    byOrder.moved(group);
  };

  return {
    model,
    sha256,
    get queued() {
      return queued;
    },
    running: 0,
    served,
    add(job) {
      const shape = job.alone ? `alone ${aloneCount++}` : `shape ${job.shape}`;
      let group = groups.get(shape);
      if (!group) {
        group = createJobGroup(shape);
        groups.set(shape, group);
        byOrder.add(group);
      }
      job.group = group;
      group.lists[job.priority].push(job);
      queued += 1;
      reorder(group);
    },
    remove(job) {
      const { group } = job;
      if (!group) return;
      group.lists[job.priority].remove(job);
      job.group = undefined;
      queued -= 1;
      reorder(group);
    },
    first() {
      const group = byOrder.peek();
      return group && firstOf(group, agingMs);
    },
  };
};
