import type { ProjectionName } from '@hindcast/domain';
import { type ProjectionPorts, startProjectorOf } from './projection-parts.ts';
import { ProjectionRefused } from './projection-start.ts';
import type { HandOver } from './rebuild.ts';
import type { RunningProjector } from './start-projector.ts';

export type ProjectionState = 'running' | 'failed' | 'stopped';

/** Runs the projector of whatever generation is live. */
export interface ProjectionRunner {
  /** A projector that refuses the log is `failed`, and everything else goes on: a rebuild can mend it. */
  start(): Promise<void>;
  stop(): Promise<void>;
  whenCaughtUp(): Promise<void>;
  /** Moves to the live generation where another process has moved the pointer. */
  followPointer(): Promise<void>;
  describe(): {
    readonly generation: number;
    readonly state: ProjectionState;
    readonly error?: string;
    readonly unknownTypes: number;
    readonly deadLettered: number;
  };
  readonly handOver: HandOver;
}

export const createProjectionRunner = (ports: ProjectionPorts, name: ProjectionName): ProjectionRunner => {
  let running: RunningProjector | undefined;
  let refusal: Error | undefined;
  let generation = 1;

  const startGeneration = async (next: number): Promise<void> => {
    generation = next;
    refusal = undefined;
    try {
      running = await startProjectorOf(ports, name, next);
    } catch (error) {
      if (!(error instanceof ProjectionRefused)) throw error;
      refusal = error;
      ports.logger?.error({ err: error, projection: name }, 'A projector refuses the log.');
    }
  };
  const stop = async (): Promise<void> => {
    const stopping = running;
    running = undefined;
    await stopping?.stop();
  };
  const live = async (): Promise<number> => {
    const generations = await ports.views.generations();
    return generations.find((of) => of.projection === name && of.state === 'live')?.generation ?? generation;
  };
  const failure = (): Error | undefined => refusal ?? running?.failure();

  return {
    start: async () => startGeneration(await live()),
    stop,
    async whenCaughtUp() {
      const failed = failure();
      if (failed) throw failed;
      await running?.whenCaughtUp();
    },
    async followPointer() {
      const next = await live();
      if (next === generation) return;
      await stop();
      await startGeneration(next);
    },
    describe() {
      const error = failure();
      const state = error ? 'failed' : running ? 'running' : 'stopped';
      const counts = running?.counts() ?? { unknownTypes: 0, deadLettered: 0 };
      return { generation, state, ...counts, ...(error ? { error: error.message } : undefined) };
    },
    handOver: { stop, start: startGeneration },
  };
};
