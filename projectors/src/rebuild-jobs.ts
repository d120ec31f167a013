import {
  JobFailure,
  type JobHandler,
  type JobHandlers,
  type JobRun,
  type JobSpec,
  PROJECTIONS,
  type ProjectionName,
} from '@hindcast/domain';
import type { ProjectionPorts } from './projection-parts.ts';
import type { ProjectionRunner } from './projection-runner.ts';
import { type RebuildPorts, type RebuildProgress, rebuildProjection, undoRebuild } from './rebuild.ts';

/** Rebuilds and undos as jobs, for a runner that gives them one at a time: two would only share the same disk. */
export const rebuildJobHandlers = (
  ports: ProjectionPorts,
  runnerOf: (name: ProjectionName) => ProjectionRunner,
): JobHandlers => {
  const moving =
    (work: (parts: RebuildPorts, name: ProjectionName, spec: JobSpec, run: JobRun) => Promise<object>): JobHandler =>
    async ({ spec }, run) => {
      const name = projectionOf(spec);
      const parts = { ...ports, handOver: runnerOf(name).handOver, signal: run.signal };
      return { ...(await work(parts, name, spec, run)) };
    };

  return {
    'projection-rebuild': moving((parts, projection, spec, run) =>
      rebuildProjection(
        parts,
        { projection, dryRun: spec['dryRun'] === true, force: spec['force'] === true },
        told(run),
      ),
    ),
    'projection-undo': moving((parts, projection, _, run) => undoRebuild(parts, projection, told(run))),
  };
};

const told =
  ({ progress }: JobRun) =>
  ({ folded, total, phase, generation }: RebuildProgress): void =>
    progress({ done: folded, total, unit: 'records', detail: phase, checkpoint: { generation } });

const projectionOf = ({ projection }: JobSpec): ProjectionName => {
  const found = PROJECTIONS.find((name) => name === projection);
  if (found) return found;
  throw new JobFailure('unknown_projection', `There is no projection ${String(projection)}.`);
};
