import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CliFailure, EXIT, failed } from '../cli-failure.ts';
import { readEventStream, type StreamMessage } from '../event-stream.ts';
import { asPrediction, exitOfStatus, summarize } from '../prediction-answer.ts';
import { tryAgain } from '../try-again.ts';
import { predictionPath } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

/** A stream that drops is opened again at once, then ever more slowly, up to this. */
const reconnectMsMax = 10_000;
/** A server that has answered before may be away for so long. */
const awayMsMax = 60_000;
/** The status where the prediction has ended and all its events are told. */
const nothingMore = 204;
/** Streams in a row that bring no event before the command gives up. */
const emptyStreamsMax = 8;

export const watchCommand = (context: CliContext): Command =>
  clientCommand(
    'watch',
    'Follow the events of a prediction until it has ended',
    'npx hindcast watch 01980d7e-6d0c-7000-8000-000000000001',
  )
    .argument('<id>', 'id of the prediction')
    .action(async (id: string, options: object) => {
      const { client, voice } = connect(context, options);
      const { now } = context.terminal;
      let lastId: string | undefined;
      let hasAnswered = false;
      const ask = <T>(read: () => Promise<T>): Promise<T> =>
        tryAgain(read, { now, until: now() + (hasAnswered ? awayMsMax : 0), note: voice.note });
      for (let empty = 0; empty < emptyStreamsMax; empty++) {
        await delay(Math.min(reconnectMsMax, empty === 0 ? 0 : 100 * 2 ** empty));
        const stream = await ask(() => openStream(client, id, lastId));
        hasAnswered = true;
        if (stream.status === nothingMore) {
          const answer = asPrediction((await ask(() => client.request(predictionPath(id)))).body);
          if (answer.status !== 'succeeded') throw new CliFailure(exitOfStatus(answer.status), summarize(answer));
          voice.note(voice.dim(summarize(answer)));
          return;
        }
        for await (const message of messagesOf(stream)) {
          empty = -1;
          lastId = message.id ?? lastId;
          const event: unknown = JSON.parse(message.data);
          voice.answer(event, describe(event));
        }
      }
      throw new CliFailure(EXIT.timedOut, `The event stream of ${id} keeps closing without an event.`);
    });

const openStream = (client: ApiClient, id: string, lastId: string | undefined): Promise<Response> => {
  const headers = { accept: 'text/event-stream', ...(lastId === undefined ? undefined : { 'last-event-id': lastId }) };
  return client.open(`${predictionPath(id)}/events`, { headers });
};

/** Messages until the stream ends or breaks. Either may be a server that restarts: it is opened again behind the last one. */
async function* messagesOf(response: Response): AsyncGenerator<StreamMessage> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || response.body === null) {
    throw failed(`${response.url} is not an event stream.`);
  }
  const body: AsyncIterable<Uint8Array> = response.body;
  try {
    yield* readEventStream(body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** An event as its history shows it. */
interface ToldEvent {
  readonly type?: string;
  readonly appendedAt?: string;
  readonly position?: string;
  readonly verdict?: string;
}

/** `2026-01-31T12:00:01.123Z  0:1:42  PredictionSucceeded`, and the verdict where the event changed nothing. */
const describe = (event: unknown): string => {
  const { type, appendedAt, position, verdict } = (event ?? {}) as ToldEvent;
  const parts = [appendedAt, position, type, verdict === 'accepted' ? undefined : verdict];
  return parts.filter((part) => part !== undefined).join('  ');
};
