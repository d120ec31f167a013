import type { Logger } from '@hindcast/domain';

/** Tells of trouble when it begins and when it is over, and now and then while it lasts. */
export interface TroubleLog {
  failed(error: unknown): void;
  over(): void;
}

const remindMs = 30_000;

export const createTroubleLog = (logger: Logger, what: string, fields: object = {}): TroubleLog => {
  let failures = 0;
  let toldAt = 0;
  return {
    failed: (error) => {
      failures += 1;
      const at = performance.now();
      if (failures > 1 && at - toldAt < remindMs) return;
      toldAt = at;
      logger.warn({ ...fields, err: error, failures }, `${what} fails, and is tried again.`);
    },
    over: () => {
      if (failures > 0) logger.info({ ...fields, failures }, `${what} works again.`);
      failures = 0;
    },
  };
};
