import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CliFailure, EXIT, failed } from '../cli-failure.ts';
import { readEventStream, type StreamMessage } from '../event-stream.ts';
import { asPrediction, exitOfStatus, hasEnded, summarize } from '../prediction-answer.ts';
import { predictionPath } from '../wait-for-prediction.ts';
import { type CliContext, clientCommand, connect } from './cli-context.ts';

/** A stream that drops is opened again at once, then ever more slowly, up to this. */
const reconnectMsMax = 10_000;
/** Streams in a row that bring no event before the command gives up. */
const emptyStreamsMax = 8;

export const watchCommand = (context: CliContext): Command =>
  clientCommand(
    'watch',
    'Follow the events of a prediction until it has ended',
    'hindcast watch 01980d7e-6d0c-7000-8000-000000000001',
  )
    .argument('<id>', 'id of the prediction')
    .action(async (id: string, options: object) => {
      const { client, voice } = connect(context, options);
      let lastId: string | undefined;
      for (let empty = 0; empty < emptyStreamsMax; empty++) {
        await delay(Math.min(reconnectMsMax, empty === 0 ? 0 : 100 * 2 ** empty));
        for await (const message of follow(client, id, lastId)) {
          empty = 0;
          lastId = message.id ?? lastId;
          const event: unknown = JSON.parse(message.data);
          voice.answer(event, describe(event));
        }
        const answer = asPrediction((await client.request(predictionPath(id))).body);
        if (!hasEnded(answer)) continue;
        if (answer.status !== 'succeeded') throw new CliFailure(exitOfStatus(answer.status), summarize(answer));
        voice.note(voice.dim(summarize(answer)));
        return;
      }
      throw new CliFailure(EXIT.timedOut, `The event stream of ${id} keeps closing without an event.`);
    });

/** Messages until the stream ends or breaks: both are reasons to look and, if need be, to open it again. */
async function* follow(client: ApiClient, id: string, lastId: string | undefined): AsyncGenerator<StreamMessage> {
  const headers = { accept: 'text/event-stream', ...(lastId === undefined ? undefined : { 'last-event-id': lastId }) };
  const response = await client.open(`${predictionPath(id)}/events`, { headers });
  if (response.status === 204) return;
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
