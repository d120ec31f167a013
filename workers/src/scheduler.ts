import type { Priority } from '@hindcast/domain';
import { type CostLine, createCostLine } from './cost-line.ts';
import { createIndexedHeap } from './indexed-heap.ts';
import { firstOf, type Job } from './job-group.ts';
import { createModelLane, type ModelLane } from './model-lane.ts';

export interface SchedulerOptions {
  /** Runs that can be under way at once. */
  readonly slots: number;
  /** After this long a job passes younger ones of the next higher priority. */
  readonly agingMs?: number;
  /** A batch stops growing where its run is expected to take longer. */
  readonly runMsMax?: number;
  /** Tensor elements in one run. */
  readonly elementsMax?: number;
  /** Digests whose cost is remembered. */
  readonly costsMax?: number;
  /** Rows that one run of the model may take now, or 'held': it is paused, unknown or waits for its file. */
  limitOf(job: Job): number | 'held';
  /** Whether work of other models than the waiting ones may come: then a slow one must leave a slot free. */
  othersMayArrive(): boolean;
  /** A waiting job whose deadline has passed: it was taken out and will not be picked. */
  onOverdue(job: Job): void;
}

export interface Scheduler<J extends Job> {
  readonly queued: number;
  readonly running: number;
  add(job: J): void;
  /** Takes a waiting job out; nothing happens where it does not wait. */
  remove(job: J): void;
  /** The next run, undefined where nothing may start now. */
  pick(now: number): Picked<J> | undefined;
  /** Gives the slot back. `durationMs` teaches the model's cost line, undefined where the run tells nothing of it. */
  finished(picked: Picked<J>, durationMs: number | undefined): void;
  /** Takes out what is past its deadline. */
  sweep(now: number): void;
  costOf(sha256: string): CostLine | undefined;
  /** Digests whose cost is known. */
  known(): readonly string[];
  /** Slots that one model can count on. */
  slotsOf(sha256: string): number;
}

export interface Picked<J extends Job> {
  readonly model: string;
  readonly jobs: readonly J[];
  /** Weighted ms that the model was charged in advance. */
  readonly charged: number;
}

/** Share of the run time that work of a priority gets when different models compete. */
const weights: Readonly<Record<Priority, number>> = { high: 16, normal: 4, low: 1 };
/** Charge for a run of a model whose cost is unknown. */
const unknownRunMs = 10;

/**
 * Decides what runs next. Within a model: by priority with aging, first in first out. Between models: the one that was
 * served least, weighted by priority; a slow model never holds the last slot. Greedy: while one batch runs the next
 * gathers, nothing waits for company. Pure: time comes in, nothing is started here.
 */
export const createScheduler = <J extends Job>(options: SchedulerOptions): Scheduler<J> => {
  const { slots, agingMs = 5_000, runMsMax = 50, elementsMax = 4_194_304, costsMax = 1_024 } = options;
  const lanes = new Map<string, ModelLane>();
  const costs = new Map<string, CostLine>();
  const byDeadline = createIndexedHeap<Job>((job) => job.deadlineAt);
  let running = 0;
  let leastServed = 0;

  const take = (job: Job) => {
    byDeadline.remove(job);
    lanes.get(job.model)?.remove(job);
  };
  const sweep = (now: number) => {
    for (let job = byDeadline.peek(); job && job.deadlineAt <= now; job = byDeadline.peek()) {
      take(job);
      options.onOverdue(job);
    }
  };
  const isQuick = (sha256: string) => (costs.get(sha256)?.expectedMs(1) ?? Number.POSITIVE_INFINITY) <= runMsMax;
  const mayStart = (lane: ModelLane, waiting: number) => {
    if (slots === 1 || lane.running < slots - 1) return true;
    return waiting === 1 && (isQuick(lane.sha256) || !options.othersMayArrive());
  };

  /** The eligible model that was served least; between equals the one whose first job goes first. */
  const nextLane = (): { lane: ModelLane; rowsMax: number } | undefined => {
    const waiting: { lane: ModelLane; first: Job; order: number; rowsMax: number }[] = [];
    for (const lane of lanes.values()) {
      const first = lane.first();
      if (!first) {
        if (lane.running === 0 && lane.served <= leastServed) lanes.delete(lane.model);
        continue;
      }
      const rowsMax = options.limitOf(first);
      if (rowsMax !== 'held') waiting.push({ lane, first, order: first.group?.order ?? 0, rowsMax });
    }
    let best: (typeof waiting)[number] | undefined;
    for (const candidate of waiting) {
      if (!mayStart(candidate.lane, waiting.length)) continue;
      const { served } = candidate.lane;
      if (!best || served < best.lane.served || (served === best.lane.served && candidate.order < best.order)) {
        best = candidate;
      }
    }
    return best;
  };

  const gather = (lane: ModelLane, first: Job, rowsLimit: number, now: number): J[] => {
    const cost = costs.get(lane.sha256);
    const rowsMax = Math.min(rowsLimit, cost?.rowsWithin(runMsMax) ?? 1);
    const { group } = first;
    const jobs: J[] = [];
    let elements = 0;
    let deadlineAt = Number.POSITIVE_INFINITY;
    for (let job: Job | undefined = first; job && group; job = firstOf(group, agingMs)) {
      if (jobs.length > 0) {
        const endsAt = now + (cost?.expectedMs(jobs.length + 1) ?? 0);
        if (elements + job.elements > elementsMax || endsAt > Math.min(deadlineAt, job.deadlineAt)) break;
      }
      take(job);
      jobs.push(job as J);
      elements += job.elements;
      deadlineAt = Math.min(deadlineAt, job.deadlineAt);
      if (jobs.length >= rowsMax) break;
    }
    return jobs;
  };

  return {
    get queued() {
      return byDeadline.size;
    },
    get running() {
      return running;
    },
    add(job) {
      let lane = lanes.get(job.model);
      if (!lane) {
        lane = createModelLane(job.model, job.sha256, leastServed, agingMs);
        lanes.set(job.model, lane);
      } else if (lane.queued === 0) {
        lane.served = Math.max(lane.served, leastServed);
      }
      lane.add(job);
      byDeadline.add(job);
    },
    remove: take,
    pick(now) {
      sweep(now);
      if (running >= slots) return undefined;
      const next = nextLane();
      const first = next?.lane.first();
      if (!next || !first) return undefined;
      const { lane } = next;
      leastServed = Math.max(leastServed, lane.served);
      const weight = weights[first.priority];
      const jobs = gather(lane, first, next.rowsMax, now);
      const charged = (costs.get(lane.sha256)?.expectedMs(jobs.length) ?? unknownRunMs) / weight;
      lane.served += charged;
      lane.running += 1;
      running += 1;
      return { model: lane.model, jobs, charged };
    },
    finished({ model, jobs, charged }, durationMs) {
      running -= 1;
      const lane = lanes.get(model);
      const first = jobs[0];
      if (!lane || !first) return;
      lane.running -= 1;
      if (durationMs === undefined) return;
      lane.served += durationMs / weights[first.priority] - charged;
      let cost = costs.get(lane.sha256);
      if (!cost) {
        cost = createCostLine();
        costs.set(lane.sha256, cost);
        if (costs.size > costsMax) costs.delete(costs.keys().next().value as string);
      }
      cost.learn(jobs.length, durationMs);
    },
    sweep,
    costOf: (sha256) => costs.get(sha256),
    known: () => [...costs.keys()],
    slotsOf: (sha256) => (slots === 1 || isQuick(sha256) || !options.othersMayArrive() ? slots : slots - 1),
  };
};
