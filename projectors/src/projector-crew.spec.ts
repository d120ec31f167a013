import type { ViewHold } from '@hindcast/domain';
import { createMemoryViews } from '@hindcast/domain/in-memory';
import { expect, it } from 'vitest';
import { type CrewTime, createProjectorCrew, memberLeaseMs } from './projector-crew.ts';

const hold: ViewHold = { projection: 'prediction-status', id: 'a/1', by: 'a' };

const twoProcesses = async () => {
  let nowMs = 0;
  const time: CrewTime = {
    monotonicMs: () => nowMs,
    sleep() {
      let wake = (): void => {};
      const over = new Promise<void>((resolve) => {
        wake = resolve;
      });
      return { over, wake: () => wake() };
    },
  };
  const views = createMemoryViews({ now: () => nowMs });
  const start = async (id: string) => {
    const crew = createProjectorCrew({ views, id, time, onLook: () => {} });
    await crew.start();
    return crew;
  };
  const [a, b] = [await start('a'), await start('b')];
  const stopped = async () => a.hasStopped(hold, await a.nextLook());
  const acknowledge = () => {
    for (const crew of [a, b]) crew.acknowledge(hold);
    return b.nextLook();
  };
  /** Both look, or only one does while the other is frozen. */
  const pass = async (ms: number, looking = [a, b]) => {
    for (let left = ms; left > 0; left -= 1_000) {
      nowMs += Math.min(left, 1_000);
      for (const crew of looking) await crew.nextLook();
    }
  };
  const freeze = (ms: number): void => {
    nowMs += ms;
  };
  await a.take(hold);
  return { a, b, views, stopped, acknowledge, pass, freeze };
};

it('a process that has just begun does not know yet that everybody stands still', async () => {
  const { stopped, acknowledge, pass } = await twoProcesses();
  await acknowledge();
  await pass(memberLeaseMs - 1);
  expect(await stopped()).toBe(false);
  await pass(1);
  expect(await stopped()).toBe(true);
});

it('nor does one that was frozen, whatever it heard of before', async () => {
  const { stopped, acknowledge, pass, freeze } = await twoProcesses();
  await pass(memberLeaseMs);
  freeze(memberLeaseMs);
  await acknowledge();
  expect(await stopped()).toBe(false);
  await pass(memberLeaseMs);
  expect(await stopped()).toBe(true);
});

it('who is gone from a store that was emptied is waited for until it would be silent, or says that it stands still', async () => {
  const { a, b, views, stopped, pass } = await twoProcesses();
  await pass(memberLeaseMs);
  views.lose('prediction-status');
  await a.take(hold);
  a.acknowledge(hold);
  await pass(memberLeaseMs - 1, [a]);
  expect(await stopped()).toBe(false);
  b.acknowledge(hold);
  await b.nextLook();
  expect(await stopped()).toBe(true);
  views.lose('prediction-status');
  await a.take(hold);
  a.acknowledge(hold);
  await pass(memberLeaseMs, [a]);
  expect(await stopped()).toBe(true);
});
