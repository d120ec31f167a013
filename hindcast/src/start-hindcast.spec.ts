import { LogError, type Logger } from '@hindcast/domain';
import { expect, it, vi } from 'vitest';
import { defaultConfig } from './index.ts';
import type { Ports } from './parts/ports.ts';
import { startHindcast } from './start-hindcast.ts';

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

it('does not wait for its start to go on where its log is lost meanwhile', async () => {
  const error = new LogError('stopped', 'The topic was made anew.');
  const close = vi.fn(async () => undefined);
  const log = { consume: () => new Promise(nothing) };
  const ports = { log, lost: Promise.resolve(error), close } as unknown as Ports;
  await expect(
    startHindcast({ ...defaultConfig, port: 0 }, silent, ['worker'], { open: async () => ports }),
  ).rejects.toBe(error);
  expect(close).toHaveBeenCalledTimes(1);
});
