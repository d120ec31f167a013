import {
  type CompletionBus,
  type EventLog,
  type Identity,
  isEnded,
  type PartitionBounds,
  type Position,
  type PredictionDoc,
  partitionOf,
  type ResultCache,
  TOPICS,
  type ViewReader,
} from '@hindcast/domain';
import { type CatchUpLimits, readCaughtUp, viewBehind } from './catch-up.ts';
import { followPrediction } from './follow-prediction.ts';
import type { OpenEnd } from './open-ends.ts';
import { isKnown, type KnownPredictionDoc } from './prediction-body.ts';
import { problem } from './problem.ts';

export type PredictionReading = ReturnType<typeof predictionReading>;

export interface ReadingPorts {
  readonly log: Pick<EventLog, 'bounds'>;
  readonly bus: Pick<CompletionBus, 'subscribe'>;
  readonly cache: Pick<ResultCache, 'get' | 'put'>;
  readonly identity: Pick<Identity, 'now'>;
}

export interface ReadingLimits extends CatchUpLimits {
  /** A long poll looks again this often, so that a lost notice costs no more. */
  readonly rereadMs: number;
}

export interface ReadNeeds {
  /** What the caller has been told: the answer must not be older than these. */
  readonly seen: readonly Position[];
  /** What the caller told them in, where it is not the header Hindcast-Position. */
  readonly seenIn?: string;
  /** The labels of an ended prediction matter too. The cache may not know the newest of them, and is not asked. */
  readonly labels: boolean;
}

/**
 * Reads of single predictions, with two promises: nobody is told that an accepted id is unknown, and nobody reads what
 * is older than a position that he names.
 */
export const predictionReading = (
  ports: ReadingPorts,
  views: Pick<ViewReader, 'prediction' | 'checkpoints'>,
  limits: ReadingLimits,
) => {
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

  const cached = (key: string): Promise<PredictionDoc | undefined> => cache.get(key).catch(() => undefined);

  const slowly = async (key: string, { seen, seenIn }: ReadNeeds, open: OpenEnd): Promise<KnownPredictionDoc> => {
    const bounds = await boundsFor(key);
    const offset = offsetToPass(bounds, seen, seenIn);
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
    /** What is known at this moment: an ended prediction from the cache, where it is there. */
    peek: async (key: string): Promise<PredictionDoc | undefined> => (await cached(key)) ?? read(key),
    /** @throws Problem `unknown-prediction` once the view has passed the log's end, `view-behind` if that took too long. */
    async find(key: string, needs: ReadNeeds, open: OpenEnd): Promise<KnownPredictionDoc> {
      const { seen, labels } = needs;
      const ended = labels ? undefined : await cached(key);
      if (ended && isKnown(ended) && covers(ended, seen)) return ended;
      const doc = await read(key);
      return doc && isKnown(doc) && covers(doc, seen) ? doc : slowly(key, needs, open);
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
      const following = followPrediction(bus, known, signal);
      try {
        for (;;) {
          if (!isEnded(following.latest().state)) following.take(await read(key));
          const latest = following.latest();
          const left = deadline - identity.now();
          if (isEnded(latest.state) || left <= 0 || signal.aborted) return latest;
          await following.sleep(Math.min(left, limits.rereadMs));
        }
      } finally {
        following.stop();
      }
    },
  };
};

const covers = (doc: PredictionDoc, seen: readonly Position[]): boolean =>
  seen.every(
    ({ epoch, partition, offset }) => epoch === doc.epoch && (partition !== doc.partition || offset <= doc.pos),
  );

/** Compared with the log itself, since a position past its end would never be reached. -1: nothing to pass. */
const offsetToPass = (bounds: PartitionBounds, seen: readonly Position[], seenIn = 'Hindcast-Position'): number => {
  let offset = -1;
  for (const position of seen) {
    const isHere = position.partition === bounds.partition;
    if (position.epoch !== bounds.epoch || (isHere && position.offset >= bounds.end)) {
      throw problem('invalid-parameter', `${seenIn} names a position that this log does not have.`, {
        errors: [{ pointer: seenIn, detail: 'It is past the end of the log, or of another epoch.' }],
      });
    }
    if (isHere) offset = Math.max(offset, position.offset);
  }
  return offset;
};
