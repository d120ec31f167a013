import { PROJECTIONS, type ProjectionName, type Running, TOPICS, type ViewGeneration } from '@hindcast/domain';
import type { ProjectionPorts } from './projection-parts.ts';
import { createProjectionRunner, type ProjectionRunner, type ProjectionState } from './projection-runner.ts';
import { createRebuilds, type RebuildJob } from './rebuild-jobs.ts';
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
  /** Starts a rebuild; undefined where one is under way already. A dry run compares and promotes nothing. */
  rebuild(projection: ProjectionName, options: { readonly dryRun: boolean }): Promise<RebuildJob | undefined>;
  /** Goes back to the previous generation; undefined where a rebuild is under way. */
  undo(projection: ProjectionName): Promise<RebuildJob | undefined>;
  /** The newest jobs, newest first. */
  rebuilds(): readonly RebuildJob[];
  /** The same as the command side and the query side ask for it. */
  readonly commands: {
    start(projection: ProjectionName, options: { readonly dryRun: boolean }): Promise<RebuildJob | undefined>;
    undo(projection: ProjectionName): Promise<RebuildJob | 'running' | 'no_previous'>;
  };
  readonly reader: {
    generations(): Promise<readonly ViewGeneration[]>;
    rebuild(projection: ProjectionName, id: string): Promise<RebuildJob | undefined>;
  };
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
  const jobs = createRebuilds(ports, runnerOf);
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
    for (const [name, runner] of runners) if (jobs.running()?.projection !== name) await runner.followPointer();
  };

  const rebuild: Projections['rebuild'] = async (name, { dryRun }) => jobs.rebuild(name, { dryRun });

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
      await jobs.stop();
      await Promise.all(Array.from(runners.values(), (runner) => runner.stop()));
    },
    async whenCaughtUp() {
      await Promise.all(Array.from(runners.values(), (runner) => runner.whenCaughtUp()));
    },
    list: () => Promise.all(Array.from(runners, ([name, runner]) => describe(name, runner))),
    generations: () => views.generations(),
    rebuild,
    undo: async (name) => jobs.undo(name),
    rebuilds: () => jobs.list(),
    commands: {
      start: rebuild,
      async undo(name) {
        const isPrevious = ({ projection, state }: ViewGeneration) => projection === name && state === 'previous';
        if (jobs.running()) return 'running';
        return (await views.generations()).some(isPrevious) ? (jobs.undo(name) ?? 'running') : 'no_previous';
      },
    },
    reader: {
      generations: () => views.generations(),
      rebuild: async (name, id) => jobs.list().find((job) => job.projection === name && job.id === id),
    },
  };
};
