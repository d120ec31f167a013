import type { Checkpoint } from '@hindcast/domain';
import { expect, it } from 'vitest';
import { readCaughtUp } from './catch-up.ts';

const target = { projection: 'prediction-status', logId: 'log-1', partition: 0, next: 5 } as const;
const passed: Checkpoint = { logId: 'log-1', epoch: 0, partition: 0, next: 5 };

/** Reads nothing from views that answer these checkpoints, one after the other. */
const readNothing = (answers: readonly (readonly Checkpoint[] | Error)[]) => {
  let asked = 0;
  return readCaughtUp({
    views: {
      async checkpoints() {
        const answer = answers[asked] ?? [];
        asked += 1;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    limits: { viewWaitMsMax: 20, viewPollMs: 1 },
    now: () => Date.now(),
    target,
    signal: new AbortController().signal,
    read: async () => undefined,
    enough: () => false,
  });
};

it('says that there is nothing only where the view has passed the place before and after', async () => {
  expect(await readNothing([[passed], [passed]])).toBeUndefined();
});

it('does not take a miss for an answer where the store was emptied before it was read', async () => {
  await expect(readNothing([[passed]])).rejects.toMatchObject({ code: 'view-behind' });
  await expect(readNothing([[passed], new Error('The store has lost it.')])).rejects.toThrow(/lost/);
});
