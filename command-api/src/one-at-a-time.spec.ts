import { expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

const gate = () => {
  let open: (value: string) => void = () => {};
  const opened = new Promise<string>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

it('runs one task at a time, in the order in which they are ready', async () => {
  const inTurn = oneAtATime(2);
  const told: string[] = [];
  const slow = gate();
  const running = gate();
  const task = (until: Promise<string>) => async (name: string) => {
    told.push(`${name} begins`);
    await until;
    told.push(`${name} ends`);
  };
  const all = [
    inTurn(() => slow.opened, task(Promise.resolve(''))),
    inTurn(async () => 'second', task(running.opened)),
    inTurn(async () => 'third', task(Promise.resolve(''))),
  ];
  expect(inTurn(async () => 'fourth', task(Promise.resolve('')))).toBeUndefined();
  running.open('');
  await Promise.all(all.slice(1));
  slow.open('first');
  await all[0];
  expect(told).toEqual(['second begins', 'second ends', 'third begins', 'third ends', 'first begins', 'first ends']);
});

it('goes on behind a task that failed, or that never got ready', async () => {
  const inTurn = oneAtATime(1);
  const fail = async (): Promise<never> => {
    throw new Error('no');
  };
  await expect(inTurn(fail, async () => 1)).rejects.toThrow('no');
  await expect(inTurn(async () => 1, fail)).rejects.toThrow('no');
  await expect(
    inTurn(
      async () => 1,
      async (one) => one + 1,
    ),
  ).resolves.toBe(2);
});
