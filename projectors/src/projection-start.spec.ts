import { TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import type { Projection } from './projection.ts';
import { startsNow } from './projection-start.ts';

const place = { logId: 'log', epoch: 0, partition: 0 };

/** A view that other processes fold further, as the log grows, whenever anybody looks. */
const busy = (lostRecords: number) => {
  let end = 10;
  const checkpoints = async () => {
    end += 1;
    return [[{ ...place, next: end + lostRecords }]];
  };
  const project = async () => ({ unknownTypes: 0, deadLettered: 0 });
  const topic = TOPICS.predictions;
  const projection: Projection = {
    name: 'prediction-status',
    generation: 1,
    ...{ topic, checkpoints, project, forget: () => {} },
  };
  return { projection, log: { bounds: async () => [{ ...place, start: 0, end }] } };
};

describe('the start of a projector', () => {
  it('takes nothing for lost that others fold while it looks', async () => {
    const { projection, log } = busy(0);
    expect((await startsNow(projection, log)).starts).toEqual(new Map([[0, 11]]));
  });

  it('is refused where the log ends before what was folded', async () => {
    const { projection, log } = busy(1);
    await expect(startsNow(projection, log)).rejects.toThrow('it has lost records');
  });
});
