import { type Static, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';

/**
 * The first record of every partition: the log's identity. Checkpoints and caches carry `logId`, so that another
 * log behind the same address is refused instead of being folded into the wrong views.
 */
export const logOpenedData = Type.Object({
  logId: Type.String({ description: 'Identity of the log' }),
  epoch: Type.Integer({
    minimum: 0,
    description: 'Counts the times that the log was begun anew; part of every position',
  }),
  partition: Type.Integer({ minimum: 0, description: 'Which partition this record opens' }),
  partitions: Type.Integer({ minimum: 1, description: 'How many the topic has' }),
});
export type LogOpened = EventOf<'LogOpened', Static<typeof logOpenedData>>;
