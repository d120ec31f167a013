import { describe } from 'vitest';
import type { EventLog } from '../event-log.ts';
import { appendContract } from './event-log-append-contract.ts';
import { consumeContract } from './event-log-consume-contract.ts';
import { groupContract } from './event-log-group-contract.ts';
import { restartContract } from './event-log-restart-contract.ts';
import type { OpenEventLog } from './event-log-under-test.ts';

/** Every adapter of `EventLog` keeps these promises. `open` makes an empty log with `contractPartitions`. */
export const eventLogContract = (name: string, open: OpenEventLog): void => {
  const using = (test: (log: EventLog) => Promise<void>) => async () => {
    const { log, close } = await open();
    try {
      await test(log);
    } finally {
      await close();
    }
  };

  describe(`event log: ${name}`, () => {
    describe('append and read', () => appendContract(using));
    describe('consume', () => consumeContract(using));
    describe('groups', () => groupContract(using));
    describe('restart', () => restartContract(open));
  });
};
