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
import { type CrewTime, createProjectorCrew, machineTime } from './projector-crew.ts';
import { rebuildJobHandlers } from './rebuild-jobs.ts';
import { createLostRebuilds } from './rebuild-lost.ts';
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
  /** `member` is an id of this process, where several project into the same views. Left out where this is the only one. */
  { member, time = machineTime }: { member?: string; time?: CrewTime } = {},
): Projections => {
  const { log, views, logger } = ports;
  const crew =
    member === undefined
      ? undefined
      : createProjectorCrew({
          views,
          id: member,
          time,
          logger,
          onLook(situation) {
            for (const runner of runners.values()) runner.follow(situation);
          },
        });
  const runners = new Map<ProjectionName, ProjectionRunner>(
    PROJECTIONS.map((name) => [name, createProjectionRunner({ ports, name, crew, onLost: () => lost.begin(name) })]),
  );
  const runnerOf = (name: ProjectionName): ProjectionRunner => {
    const runner = runners.get(name);
    if (!runner) throw new Error(`There is no projection ${name}.`);
    return runner;
  };
  const lost = createLostRebuilds(ports, (name) => runnerOf(name).handOver);

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

  return {
    async start() {
      if (crew) await crew.start();
      else {
        const generations = await views.generations();
        for (const runner of runners.values()) runner.follow({ generations, holds: [] });
      }
      await Promise.all(Array.from(runners.values(), (runner) => runner.whenStarted()));
    },
    async stop() {
      await lost.stop();
      await Promise.all(Array.from(runners.values(), (runner) => runner.stop()));
      await crew?.stop();
    },
    async whenCaughtUp() {
      await Promise.all(Array.from(runners.values(), (runner) => runner.whenCaughtUp()));
    },
    list: () => Promise.all(Array.from(runners, ([name, runner]) => describe(name, runner))),
    generations: () => views.generations(),
    jobHandlers: rebuildJobHandlers(ports, runnerOf),
  };
};
