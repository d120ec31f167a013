import type { ProjectionName, ViewGeneration, ViewHold, ViewSituation } from '@hindcast/domain';
import { createFoldGate } from './fold-gate.ts';
import { confirmHold, type HandOver, holdEverywhere, settleGeneration } from './hand-over.ts';
import { type ProjectionPorts, servingProjection, silentProjection, startProjectorOf } from './projection-parts.ts';
import { ProjectionRefused } from './projection-start.ts';
import type { ProjectorCrew } from './projector-crew.ts';
import { createReached } from './reached.ts';
import type { RunningProjector } from './start-projector.ts';

export type ProjectionState = 'running' | 'failed' | 'stopped';

/** Runs the projector of whatever generation is live. */
export interface ProjectionRunner {
  /** Begins, or stands still, or goes on with another generation, as the store says. Returns before that is done. */
  follow(situation: Pick<ViewSituation, 'generations' | 'holds'>): void;
  /** Resolves when the projector of the live generation was started, or has refused. */
  whenStarted(): Promise<void>;
  stop(): Promise<void>;
  whenCaughtUp(): Promise<void>;
  describe(): {
    readonly generation: number;
    readonly state: ProjectionState;
    readonly error?: string;
    readonly unknownTypes: number;
    readonly deadLettered: number;
  };
  readonly handOver: HandOver;
}

export interface RunnerParts {
  readonly ports: ProjectionPorts;
  readonly name: ProjectionName;
  /** undefined where this is the only process. */
  readonly crew: ProjectorCrew | undefined;
  /** Builds what is live nowhere, while nothing else does. */
  readonly onLost: () => void;
}

export const createProjectionRunner = ({ ports, name, crew, onLost }: RunnerParts): ProjectionRunner => {
  const { views, logger } = ports;
  const gate = createFoldGate(() => crew?.whenFresh());
  let running: RunningProjector | undefined;
  /** Of the projector that runs: its batches wait no longer. */
  let ending = new AbortController();
  let refusal: Error | undefined;
  let current: ViewGeneration | undefined;
  let held = false;
  let switching: Promise<void> | undefined;
  let stopped = false;
  let holds = 0;
  let mine: { readonly id: string; readonly taken: AbortController } | undefined;
  const reached = createReached();
  const isBehind = (generation: number): Promise<boolean> =>
    reached.isPast(silentProjection(views, name, generation), ports.log);

  const failure = (): Error | undefined => refusal ?? running?.failure();
  const endBatches = (): void => {
    ending.abort(new Error(`The projector of ${name} is stopping.`));
    gate.wake();
  };
  const stopRunning = async (): Promise<void> => {
    const stopping = running;
    running = undefined;
    endBatches();
    await stopping?.stop();
  };
  const begin = async (next: ViewGeneration): Promise<void> => {
    const projection = servingProjection(ports, name, next.generation);
    refusal = undefined;
    try {
      if (running && !running.failure() && (await running.goOnWith(projection))) return;
      await stopRunning();
      ending = new AbortController();
      const { signal } = ending;
      running = await startProjectorOf(ports, projection, {
        gate: { enter: () => gate.enter(signal) },
        onReached: reached.note,
      });
    } catch (error) {
      if (!(error instanceof ProjectionRefused)) throw error;
      refusal = error;
      logger?.error({ err: error, projection: name }, 'A projector refuses the log.');
    }
  };
  const goTo = async (next: ViewGeneration): Promise<void> => {
    await gate.whenEmpty();
    if (stopped) return;
    // What is read while it is filled would be behind what was read before.
    if (crew && (await isBehind(next.generation))) return onLost();
    await begin(next);
    current = next;
    if (!held && !stopped) gate.open();
  };
  const follow: ProjectionRunner['follow'] = ({ generations, holds: all }) => {
    const hold = all.find(({ projection }) => projection === name);
    held = hold !== undefined;
    if (mine && hold?.id !== mine.id) mine.taken.abort(new Error(`The hold of ${name} was taken away.`));
    if (hold) {
      gate.close();
      crew?.acknowledge(hold);
      return;
    }
    if (switching || stopped) return;
    const live = generations.find(({ projection, state }) => projection === name && state === 'live');
    if (live && live.generation === current?.generation && live.createdAt === current.createdAt) return gate.open();
    gate.close();
    if (!live) return onLost();
    switching = goTo(live)
      .catch((err) => {
        if (!crew) throw err;
        logger?.warn({ err, projection: name }, 'The projector of the live generation could not be started yet.');
      })
      .finally(() => {
        switching = undefined;
      });
  };

  const holdAlone = async (): Promise<void> => {
    held = true;
    gate.close();
    await gate.whenEmpty();
  };
  const handOver: HandOver = {
    isBehind,
    async hold(signal) {
      holds += 1;
      const hold: ViewHold | undefined = crew && { projection: name, id: `${crew.id}/${name}/${holds}`, by: crew.id };
      if (crew && hold) await holdEverywhere(crew, hold, signal);
      else await holdAlone();
      const taken = new AbortController();
      mine = hold && { id: hold.id, taken };
      const confirm = async () => {
        if (crew && hold) await confirmHold(crew, hold);
      };
      return {
        taken: taken.signal,
        settle: (generation, beside) => settleGeneration(ports, { name, generation, confirm }, beside),
        promote: (generation) => views.promote(name, generation, hold),
        async release() {
          if (mine?.taken === taken) mine = undefined;
          if (crew && hold) await crew.release(hold);
          else follow({ generations: await views.generations(), holds: [] });
          await switching;
        },
      };
    },
  };

  return {
    follow,
    handOver,
    async whenStarted() {
      await switching;
    },
    async stop() {
      stopped = true;
      endBatches();
      await switching?.catch(() => undefined);
      await stopRunning();
    },
    async whenCaughtUp() {
      while (crew && !running && !failure() && !stopped) {
        await crew.nextLook();
        await switching;
      }
      const failed = failure();
      if (failed) throw failed;
      await running?.whenCaughtUp();
    },
    describe() {
      const error = failure();
      const state = error ? 'failed' : running ? 'running' : 'stopped';
      const counts = running?.counts() ?? { unknownTypes: 0, deadLettered: 0 };
      return {
        generation: current?.generation ?? 1,
        state,
        ...counts,
        ...(error ? { error: error.message } : undefined),
      };
    },
  };
};
