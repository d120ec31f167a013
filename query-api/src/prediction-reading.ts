import { isKnown, type KnownPredictionDoc, problem } from '@hindcast/adapters/http';
import {
  isEnded,
  type PartitionBounds,
  type Position,
  type PredictionDoc,
  partitionOf,
  TOPICS,
  type ViewReader,
} from '@hindcast/domain';
import { readCaughtUp, viewBehind } from './catch-up.ts';
import type { OpenEnd } from './open-ends.ts';
import type { QueryLimits, QueryPorts } from './query-ports.ts';
import { wakeUp } from './wake-up.ts';

export type PredictionReading = ReturnType<typeof predictionReading>;

export interface ReadNeeds {
  /** What the caller has been told: the answer must not be older than these. */
  readonly seen: readonly Position[];
  /** The labels of an ended prediction matter too. The cache may not know the newest of them, and is not asked. */
  readonly labels: boolean;
}

/**
 * Reads of single predictions, with two promises: nobody is told that an accepted id is unknown, and nobody reads what
 * is older than a position that he names.
 */
export const predictionReading = (ports: QueryPorts, views: ViewReader, limits: QueryLimits) => {
  const { log, cache, bus, identity } = ports;

  const boundsFor = async (key: string): Promise<PartitionBounds> => {
    const bounds = await log.bounds(TOPICS.predictions);
    const partition = partitionOf(key, Math.max(1, bounds.length));
    const found = bounds.find((bound) => bound.partition === partition);
    if (!found) throw viewBehind();
    return found;
  };

  /** Through to the view. An ended prediction is put where the next reader finds it sooner. */
  const read = async (key: string): Promise<PredictionDoc | undefined> => {
    const doc = await views.prediction(key);
    if (doc && isEnded(doc.state)) void cache.put([{ ...doc, state: doc.state }]).catch(() => undefined);
    return doc;
  };

  const slowly = async (key: string, seen: readonly Position[], open: OpenEnd): Promise<KnownPredictionDoc> => {
    const bounds = await boundsFor(key);
    const offset = offsetToPass(bounds, seen);
    const doc = await readCaughtUp({
      views,
      limits,
      now: identity.now,
      target: { ...bounds, projection: 'prediction-status', next: bounds.end },
      signal: open.signal(),
      read: () => read(key),
      enough: (found) => found !== undefined && isKnown(found) && found.pos >= offset,
      listen: (ring) => bus.subscribe(key, ring),
    });
    if (doc && isKnown(doc)) return doc;
    throw problem('unknown-prediction', 'No prediction with this id was accepted.');
  };

  return {
    read,
    /** @throws Problem `unknown-prediction` once the view has passed the log's end, `view-behind` if that took too long. */
    async find(key: string, { seen, labels }: ReadNeeds, open: OpenEnd): Promise<KnownPredictionDoc> {
      const cached = labels ? undefined : await cache.get(key).catch(() => undefined);
      if (cached && covers(cached, seen)) return cached;
      const doc = await read(key);
      return doc && isKnown(doc) && covers(doc, seen) ? doc : slowly(key, seen, open);
    },
    /**
     * The prediction when it has ended, or as it is after `waitMs`, or when the signal aborts. Listens before it reads,
     * and reads again now and then: a lost notice delays the answer, it never loses it.
     */
    async whenEnded(
      key: string,
      known: KnownPredictionDoc,
      waitMs: number,
      signal: AbortSignal,
    ): Promise<KnownPredictionDoc> {
      const deadline = identity.now() + waitMs;
      const bell = wakeUp(signal);
      let latest = known;
      const take = (doc: PredictionDoc | undefined): void => {
        if (doc && isKnown(doc) && doc.pos > latest.pos) latest = doc;
      };
      const unsubscribe = bus.subscribe(key, (doc) => {
        take(doc);
        bell.wake();
      });
      try {
        for (;;) {
          if (!isEnded(latest.state)) take(await read(key));
          const left = deadline - identity.now();
          if (isEnded(latest.state) || left <= 0 || signal.aborted) return latest;
          await bell.sleep(Math.min(left, limits.rereadMs));
        }
      } finally {
        unsubscribe();
      }
    },
  };
};

const covers = (doc: PredictionDoc, seen: readonly Position[]): boolean =>
  seen.every(
    ({ epoch, partition, offset }) => partition !== doc.partition || (epoch === doc.epoch && offset <= doc.pos),
  );

/** Compared with the log itself, since a position past its end would never be reached. -1: nothing to pass. */
const offsetToPass = (bounds: PartitionBounds, seen: readonly Position[]): number => {
  let offset = -1;
  for (const position of seen) {
    if (position.partition !== bounds.partition) continue;
    if (position.epoch !== bounds.epoch || position.offset >= bounds.end) {
      throw problem('invalid-parameter', 'Hindcast-Position names a position that this log does not have.', {
        errors: [{ pointer: 'Hindcast-Position', detail: 'It is past the end of the log, or of another epoch.' }],
      });
    }
    offset = Math.max(offset, position.offset);
  }
  return offset;
};
