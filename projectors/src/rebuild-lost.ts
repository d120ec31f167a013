import type { ProjectionName } from '@hindcast/domain';
import { createGenerationFiller } from './fill-generation.ts';
import type { HandOver } from './hand-over.ts';
import { type ProjectionPorts, silentProjection } from './projection-parts.ts';
import { dropSurplus, dropUnfinished } from './rebuild.ts';

const isLost = async ({ views }: ProjectionPorts, handOver: HandOver, name: ProjectionName): Promise<boolean> => {
  const live = (await views.generations()).find(({ projection, state }) => projection === name && state === 'live');
  return !live || handOver.isBehind(live.generation);
};

const build = async (ports: ProjectionPorts, name: ProjectionName, signal: AbortSignal): Promise<number> => {
  const { log, views } = ports;
  await dropUnfinished(ports, name);
  const { generation } = await views.create(name);
  const projection = silentProjection(views, name, generation);
  const bounds = await log.bounds(projection.topic);
  const starts = new Map(bounds.map(({ partition, start }) => [partition, start]));
  const filler = createGenerationFiller({ log, projection, bounds, starts, signal, onProgress: () => {} });
  await filler.fillTo(new Map(bounds.map(({ partition, end }) => [partition, end])));
  return generation;
};

/**
 * Builds what the store has lost. Nothing is read of it before it has passed whatever anybody may have read of the views
 * that were there before. Does nothing where it was done meanwhile, and leaves off where somebody else may be doing it.
 */
export const rebuildLost = async (
  ports: ProjectionPorts,
  handOver: HandOver,
  name: ProjectionName,
  signal: AbortSignal,
): Promise<void> => {
  const held = await handOver.hold(signal);
  try {
    if (!(await isLost(ports, handOver, name))) return;
    ports.logger?.warn({ projection: name }, 'The views are not there. They are folded from the beginning of the log.');
    const generation = await build(ports, name, AbortSignal.any([signal, held.taken]));
    await held.promote(generation);
    await dropSurplus(ports.views, name, generation);
    ports.logger?.info({ projection: name, generation }, 'The views are back.');
  } finally {
    await held.release();
  }
};

/** Builds one at a time of each projection, and gives up when the process stops. */
export const createLostRebuilds = (ports: ProjectionPorts, handOverOf: (name: ProjectionName) => HandOver) => {
  const abort = new AbortController();
  const running = new Map<ProjectionName, Promise<void>>();
  return {
    begin(name: ProjectionName): void {
      if (running.has(name) || abort.signal.aborted) return;
      const work = rebuildLost(ports, handOverOf(name), name, abort.signal)
        .catch((err) => ports.logger?.warn({ err, projection: name }, 'The views are not back yet: it is tried again.'))
        .finally(() => running.delete(name));
      running.set(name, work);
    },
    async stop(): Promise<void> {
      abort.abort(new Error('The process is stopping.'));
      await Promise.all(running.values());
    },
  };
};
