import { followPrediction, type KnownPredictionDoc } from '@hindcast/adapters/http';
import { type Clock, type CompletionBus, isEnded, type PredictionDoc } from '@hindcast/domain';
import type { PredictionHistory } from './prediction-history.ts';
import type { QueryLimits } from './query-ports.ts';

export interface PredictionStream {
  readonly key: string;
  readonly doc: KnownPredictionDoc;
  /** Offset of the last event that the client has; -1 for none. */
  readonly after: number;
  readonly history: PredictionHistory;
  readonly bus: Pick<CompletionBus, 'subscribe'>;
  readonly now: Clock;
  readonly limits: Pick<QueryLimits, 'rereadMs' | 'heartbeatMs'>;
  readonly signal: AbortSignal;
  read(key: string): Promise<PredictionDoc | undefined>;
}

/**
 * Frames of a server-sent event stream: the history behind `after`, then what comes, in the order of the log, then the
 * end. It follows the folded document, never the raw log, and tells only what counts: a result that a cancel had beaten
 * is nobody's result. What waits to be sent is the newest document alone: a client that reads slowly costs no more than
 * one that reads fast.
 *
 * The stream is over when the prediction has ended and its history is told: only labels can follow.
 */
export async function* predictionFrames(stream: PredictionStream): AsyncGenerator<string> {
  const { key, bus, now, limits, signal } = stream;
  const following = followPrediction(bus, stream.doc, signal);
  try {
    yield 'retry: 1000\n\n';
    let { after } = stream;
    let heartbeatAt = now() + limits.heartbeatMs;
    following.take(await stream.read(key));
    for (;;) {
      const told = following.latest();
      for (const entry of told.state.history) {
        if (entry.offset <= after || entry.verdict !== 'accepted') continue;
        const event = await stream.history.eventOf(told, entry);
        if (signal.aborted) return;
        yield `id: ${event.position}\ndata: ${JSON.stringify(event)}\n\n`;
        after = entry.offset;
        heartbeatAt = now() + limits.heartbeatMs;
      }
      if (isEnded(told.state) || signal.aborted) return;
      if (told !== following.latest()) continue;
      await following.sleep(Math.max(1, Math.min(limits.rereadMs, heartbeatAt - now())));
      if (signal.aborted) return;
      if (now() >= heartbeatAt) {
        yield ': heartbeat\n\n';
        heartbeatAt = now() + limits.heartbeatMs;
      }
      if (told === following.latest()) following.take(await stream.read(key));
    }
  } finally {
    following.stop();
  }
}
