import type { Logger, ModelCatalog } from '@hindcast/domain';
import { versionOf } from './model-fit.ts';
import type { OpenEntry } from './open-set.ts';
import { createWaitingRoom } from './waiting-room.ts';
import type { WorkerJob } from './worker-job.ts';

type Entry = OpenEntry<WorkerJob>;

/** Open predictions that cannot be queued yet: their model is not known here, or their input is not there. */
export interface HeldEntries {
  readonly size: number;
  /** A request can overtake the news of its model: the two topics have no order. `onNews` when more models are known. */
  unknownModel(entry: Entry, recovered: boolean, onNews: () => void): void;
  missingInput(entry: Entry, detail: string | undefined): void;
  delete(entry: Entry): void;
  /** Gives back what may go on now; settles what is past its deadline. */
  release(enter: (entry: Entry, recovered: boolean) => void, add: (job: WorkerJob) => void): void;
}

export const createHeldEntries = (ports: {
  readonly catalog: ModelCatalog;
  readonly now: () => number;
  readonly settle: (entry: Entry) => void;
  readonly logger: Logger | undefined;
}): HeldEntries => {
  const { catalog, now, settle, logger } = ports;
  /** Whether the entry was open when its partition was assigned. */
  const unknown = new Map<Entry, boolean>();
  const missing = createWaitingRoom<Entry>();
  let catchingUp = false;

  return {
    get size() {
      return unknown.size + missing.size;
    },
    unknownModel(entry, recovered, onNews) {
      unknown.set(entry, recovered);
      if (catchingUp) return;
      catchingUp = true;
      catalog
        .catchUp()
        .catch((err: unknown) => logger?.warn({ err }, 'the model catalog lags'))
        .finally(() => {
          catchingUp = false;
          onNews();
        });
    },
    missingInput(entry, detail) {
      missing.put(entry, now());
      logger?.warn({ key: entry.key, detail }, 'the input cannot be read now');
    },
    delete(entry) {
      unknown.delete(entry);
      missing.delete(entry);
    },
    release(enter, add) {
      for (const [entry, recovered] of unknown) {
        if (entry.deadlineAt <= now()) settle(entry);
        else if (versionOf(catalog, entry)) {
          unknown.delete(entry);
          enter(entry, recovered);
        }
      }
      for (const entry of missing.take(now())) {
        if (entry.deadlineAt <= now()) settle(entry);
        else if (entry.work) add(entry.work);
      }
    },
  };
};
