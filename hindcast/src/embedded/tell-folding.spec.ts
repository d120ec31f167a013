import { type Logger, TOPICS } from '@hindcast/domain';
import { createMemoryEventLog, createMemoryViews } from '@hindcast/domain/in-memory';
import { expect, it, vi } from 'vitest';
import { tellFolding } from './tell-folding.ts';

it('tells again and again how much is left, until all is folded', async () => {
  const partitions = {
    ...{ [TOPICS.predictions]: 1, [TOPICS.models]: 1, [TOPICS.jobs]: 1, [TOPICS.audit]: 1, [TOPICS.deadLetters]: 1 },
  };
  const log = createMemoryEventLog({ partitions, now: Date.now, newId: () => 'log' });
  const views = createMemoryViews({ now: Date.now });
  // The first record opens the log.
  const records = Array.from({ length: 9 }, () => ({ key: 'k', value: '{}', headers: {} }));
  await log.append(TOPICS.predictions, records);
  const [bounds] = await log.bounds(TOPICS.predictions);
  if (!bounds) throw new Error('The log has no partition.');
  const told: string[] = [];
  const logger = { warn: (_: object, text: string) => told.push(text) } as Partial<Logger> as Logger;
  const foldTo = (next: number) =>
    views
      .statusStore(1)
      .save([], { logId: bounds.logId, epoch: bounds.epoch, partition: 0, next: bounds.start + next });
  let end = (): void => {};
  const folding = new Promise<void>((resolve) => {
    end = resolve;
  });
  const telling = tellFolding(folding, { log, views }, logger, 5);
  await vi.waitFor(() => expect(told.at(-1)).toContain(' 10 records are left.'));
  await foldTo(4);
  await vi.waitFor(() => expect(told.at(-1)).toMatch(/ 6 records are left, \d+ m?s to go\.$/));
  end();
  await telling;
  const silent = told.length;
  await new Promise((resolve) => setTimeout(resolve, 25));
  expect(told).toHaveLength(silent);
});
