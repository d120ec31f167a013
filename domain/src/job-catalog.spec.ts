import { describe, expect, it } from 'vitest';
import { encode } from './event-codec.ts';
import { TOPICS } from './event-log.ts';
import { createMemoryEventLog } from './in-memory/event-log.ts';
import { type JobCatalog, type JobDoc, openJobCatalog } from './job-catalog.ts';
import type { JobEvent } from './job-events.ts';
import { aJobProgressed, aJobRequested, aJobStarted, aJobSucceeded } from './testing/job-event-builders.ts';

const using = async (
  test: (catalog: JobCatalog, tell: (...events: JobEvent[]) => Promise<void>) => Promise<void>,
  endedMax = 500,
) => {
  let time = 1_000;
  const { predictions, models, jobs, deadLetters } = TOPICS;
  const log = createMemoryEventLog({
    partitions: { [predictions]: 1, [models]: 1, [jobs]: 4, [TOPICS.audit]: 1, [deadLetters]: 1 },
    now: () => ++time,
    newId: () => 'id',
  });
  const catalog = await openJobCatalog(log, { endedMax });
  const tell = async (...events: JobEvent[]) => {
    await log.append(
      TOPICS.jobs,
      events.map((event) => encode(event)),
    );
    await catalog.catchUp();
  };
  await test(catalog, tell);
  await catalog.stop();
  await log.stop();
};
const idsOf = (docs: readonly JobDoc[]) => docs.map(({ id }) => id);

describe('the job catalog', () => {
  it('tells of every change of a job until nobody listens', () =>
    using(async (catalog, tell) => {
      const told: string[] = [];
      await tell(aJobRequested());
      const stop = catalog.subscribe('default/j-1', ({ state }) => told.push(state.status));
      await tell(aJobStarted(), aJobRequested({ id: 'j-2' }), aJobProgressed());
      stop();
      await tell(aJobSucceeded());
      expect(told).toEqual(['running', 'running']);
      expect(catalog.get('default', 'j-1')?.state.status).toBe('succeeded');
      expect(catalog.get('other', 'j-1')).toBeUndefined();
    }));

  it('lists what fits, newest first, and goes on behind a place', () =>
    using(async (catalog, tell) => {
      for (const id of ['a', 'b', 'c', 'd']) await tell(aJobRequested({ id, kind: id === 'b' ? 'cut' : 'count' }));
      await tell(aJobSucceeded({ id: 'c' }));
      const list = (query: object) => idsOf(catalog.list({ tenant: 'default', limit: 10, ...query }));
      expect(list({})).toEqual(['d', 'c', 'b', 'a']);
      expect(list({ kind: 'count', status: 'queued' })).toEqual(['d', 'a']);
      const at = catalog.get('default', 'c')?.state.request.at;
      expect(list({ before: { at, id: 'c' }, limit: 1 })).toEqual(['b']);
      expect(idsOf(catalog.open()).sort()).toEqual(['a', 'b', 'd']);
    }));

  it('keeps all that are open, and of each kind the newest that have ended', () =>
    using(async (catalog, tell) => {
      await tell(
        aJobRequested({ id: 'open' }),
        aJobRequested({ id: 'cut', kind: 'cut' }),
        aJobSucceeded({ id: 'cut' }),
      );
      for (let at = 0; at < 5; at++) await tell(aJobRequested({ id: `j-${at}` }), aJobSucceeded({ id: `j-${at}` }));
      const known = idsOf(catalog.list({ tenant: 'default', limit: 100 }));
      expect(known.sort()).toEqual(['cut', 'j-3', 'j-4', 'open']);
    }, 2));
});
