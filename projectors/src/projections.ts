import {
  type JobHandlers,
  PROJECTIONS,
  type ProjectionName,
  type Running,
  TOPICS,
  type ViewGeneration,
} from '@hindcast/domain';
import type { ProjectionPorts } from './projection-parts.ts';
import { createProjectionRunner, type ProjectionRunner, type ProjectionState } from './projection-runner.ts';
import { createRebuildJobs } from './rebuild-jobs.ts';
import type { PartitionProgress } from './start-projector.ts';

export interface ProjectionStatus {
  readonly projection: ProjectionName;
  readonly generation: number;
  readonly state: ProjectionState;
  /** Why it stopped by itself, with the way out. */
  readonly error?: string;
  /** All partitions, whichever process folds them. */
  readonly partitions: readonly PartitionProgress[];
  /** Records that are not folded yet. */
  readonly lag: number;
  /** Since this process started. */
  readonly unknownTypes: number;
  readonly deadLettered: number;
}

/** The projectors of one process, and the rebuilds of their views. */
export interface Projections extends Running {
  start(): Promise<void>;
  list(): Promise<readonly ProjectionStatus[]>;
  generations(): Promise<readonly ViewGeneration[]>;
  /** Rebuilds and undos of the views, to be run one at a time while the projectors run. */
  readonly jobHandlers: JobHandlers;
}

export const createProjections = (
  ports: ProjectionPorts,
  /**
   * Where several processes project, one of them moves the pointer and the others look for that this often. Left out
   * where this is the only one.
   */
  { pointerLookMs }: { pointerLookMs?: number } = {},
): Projections => {
  const { log, views, logger } = ports;
  const runners = new Map<ProjectionName, ProjectionRunner>(
    PROJECTIONS.map((name) => [name, createProjectionRunner(ports, name)]),
  );
  const runnerOf = (name: ProjectionName): ProjectionRunner => {
    const runner = runners.get(name);
    if (!runner) throw new Error(`There is no projection ${name}.`);
    return runner;
  };
  const jobs = createRebuildJobs(ports, runnerOf);
  let looking: NodeJS.Timeout | undefined;

  const describe = async (name: ProjectionName, runner: ProjectionRunner): Promise<ProjectionStatus> => {
    const bounds = await log.bounds(name === 'models' ? TOPICS.models : TOPICS.predictions);
    const checkpoints = await views.reader.checkpoints(name);
    const partitions = bounds.map(({ logId, partition, start, end }) => {
      const checkpoint = checkpoints.find((of) => of.partition === partition && of.logId === logId);
      return { partition, next: checkpoint?.next ?? start, end };
    });
    const lag = partitions.reduce((sum, { next, end }) => sum + Math.max(0, end - next), 0);
    return { projection: name, ...runner.describe(), partitions, lag };
  };

  const lookForPointers = async (): Promise<void> => {
    for (const [name, runner] of runners) if (jobs.current() !== name) await runner.followPointer();
  };

  return {
    async start() {
      await Promise.all(Array.from(runners.values(), (runner) => runner.start()));
      if (pointerLookMs === undefined) return;
      looking = setInterval(() => {
        lookForPointers().catch((err) => logger?.warn({ err }, 'The live generations could not be read.'));
      }, pointerLookMs);
    },
    async stop() {
      clearInterval(looking);
      await Promise.all(Array.from(runners.values(), (runner) => runner.stop()));
    },
    async whenCaughtUp() {
      await Promise.all(Array.from(runners.values(), (runner) => runner.whenCaughtUp()));
    },
    list: () => Promise.all(Array.from(runners, ([name, runner]) => describe(name, runner))),
    generations: () => views.generations(),
    jobHandlers: jobs.handlers,
  };
};
