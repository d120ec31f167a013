import { type Static, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';

/**
 * The first record of every partition: the log's identity. Checkpoints and caches carry `logId`, so that another
 * log behind the same address is refused instead of being folded into the wrong views.
 */
export const logOpenedData = Type.Object({
  logId: Type.String(),
  epoch: Type.Integer({ minimum: 0 }),
  partition: Type.Integer({ minimum: 0 }),
  partitions: Type.Integer({ minimum: 1 }),
});
export type LogOpened = EventOf<'LogOpened', Static<typeof logOpenedData>>;
