import { type EventLog, LogError } from '@hindcast/domain';

const gone = new LogError('unavailable', 'The broker is gone.');

/** The ways in which a log takes nothing, for `it.each`: what the log does, and how. */
export const failingAppends: readonly (readonly [does: string, append: EventLog['append']])[] = [
  ['refuses', async (_topic, records) => records.map(() => ({ ok: false, error: gone }))],
  ['fails to take', () => Promise.reject(gone)],
];
