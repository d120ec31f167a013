import { Readable } from 'node:stream';
import type { Logger } from '@hindcast/domain';

export interface StreamedReply {
  /** Aborted when nobody waits for the stream any more. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** A client that takes nothing for this long is cut. */
  readonly stalledMsMax: number;
  /** Closes the connection. */
  cut(): void;
}

/**
 * Chunks as a stream that produces only what the client takes: one chunk waits in it, besides what the socket holds. A
 * failure in the middle cuts the connection, so that nobody takes a part for the whole.
 */
export const streamed = (chunks: AsyncIterable<string | Uint8Array>, options: StreamedReply): Readable =>
  Readable.from(watched(chunks, options), { objectMode: true, highWaterMark: 1 });

async function* watched(
  chunks: AsyncIterable<string | Uint8Array>,
  { signal, logger, stalledMsMax, cut }: StreamedReply,
): AsyncGenerator<string | Uint8Array> {
  try {
    for await (const chunk of chunks) {
      const stalled = setTimeout(cut, stalledMsMax);
      try {
        yield chunk;
      } finally {
        clearTimeout(stalled);
      }
    }
  } catch (error) {
    if (!signal.aborted) logger.warn({ err: error }, 'A stream broke off.');
    throw error;
  }
}
