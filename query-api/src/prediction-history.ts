import { isPredictionEnd, type KnownPredictionDoc } from '@hindcast/adapters/http';
import {
  type DomainEvent,
  decode,
  envelopeSchema,
  formatPosition,
  type HistoryEntry,
  recordAt,
  TOPICS,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { QueryPorts } from './query-ports.ts';

/** Reads of the log under way at once for one history. */
const readsMax = 8;

/** An event of a prediction as the fold judged it. */
export const historyEventSchema = Type.Composite(
  [
    Type.Partial(envelopeSchema),
    Type.Object({
      data: Type.Optional(
        Type.Unknown({
          description:
            'As the type says; absent where the log no longer has it, and of an end that was ignored, whose result ' +
            'belongs to nobody: GET /v1/events reads it as the log has it',
        }),
      ),
      position: Type.String({ examples: ['0:7:4211'] }),
      appendedAt: Type.String({ format: 'date-time', description: 'When the log stored it' }),
      verdict: Type.String({
        description: 'accepted, or why it changed nothing',
        examples: ['accepted', 'ignored:late'],
      }),
    }),
  ],
  { $id: 'HistoryEvent', description: 'An event of a prediction, where it is in the log, and how it was judged' },
);

/**
 * The history of a prediction: which events count is in its document, what they say is in the log. At most what the fold
 * keeps: all accepted events but labels beyond the newest 64, and the first 16 that were ignored.
 */
export const predictionHistory = (log: QueryPorts['log']) => {
  const eventOf = async (doc: KnownPredictionDoc, entry: HistoryEntry) => {
    const record = await recordAt(log, TOPICS.predictions, doc.partition, entry.offset);
    const decoded = record && decode(record);
    const event = decoded?.ok ? told(decoded.event, entry) : { id: entry.eventId, type: entry.type };
    return {
      ...event,
      position: formatPosition({ epoch: doc.epoch, partition: doc.partition, offset: entry.offset }),
      appendedAt: new Date(entry.at).toISOString(),
      verdict: entry.verdict,
    };
  };

  return {
    eventOf,
    async all(doc: KnownPredictionDoc) {
      const { history } = doc.state;
      const events: Awaited<ReturnType<typeof eventOf>>[] = [];
      for (let at = 0; at < history.length; at += readsMax) {
        events.push(...(await Promise.all(history.slice(at, at + readsMax).map((entry) => eventOf(doc, entry)))));
      }
      return events;
    },
  };
};

/** Without the data of an end that did not count, which nobody may take for the result. */
const told = (event: DomainEvent, { verdict }: HistoryEntry): Partial<DomainEvent> => {
  if (verdict === 'accepted' || !isPredictionEnd(event.type)) return event;
  const { data: _, ...line } = event;
  return line;
};

export type PredictionHistory = ReturnType<typeof predictionHistory>;
