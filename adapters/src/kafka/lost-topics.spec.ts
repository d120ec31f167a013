import { TOPICS } from '@hindcast/domain';
import { expect, it } from 'vitest';
import { topicsLost } from './lost-topics.ts';

it('proposes a number of partitions for lost jobs, and does not call it the one that they had', () => {
  const wanted = [TOPICS.predictions, TOPICS.jobs, TOPICS.audit].map((name) => ({ name, partitions: 12 }));
  const wishes = { replicationFactor: 3, minInsyncReplicas: 2 };
  const saidOf = (lost: string) => topicsLost(wanted, new Map([[TOPICS.predictions, 4]]), [lost], wishes).message;
  expect(saidOf(TOPICS.jobs)).toContain(`--topic ${TOPICS.jobs} --partitions 4 `);
  expect(saidOf(TOPICS.jobs)).toContain('Jobs may have any number of partitions.');
  expect(saidOf(TOPICS.audit)).not.toContain('any number');
});
