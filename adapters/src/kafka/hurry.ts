import { LogError } from '@hindcast/domain';
import type { FarewellPatience } from './farewell-patience.ts';

/** Whether the process ends: then nobody waits long for a Kafka that does not answer. */
export interface Hurry {
  begin(): void;
  /** Settles with the work; after `begin`, rejects with `stopped` where that takes longer than the patience of farewells. */
  bound<T>(work: Promise<T>): Promise<T>;
}

export const createHurry = (patience: FarewellPatience): Hurry => {
  let begun = false;
  const waiting = new Set<() => void>();
  return {
    begin: () => {
      begun = true;
      for (const hurry of waiting) hurry();
      waiting.clear();
    },
    bound: (work) =>
      new Promise((resolve, reject) => {
        const hurry = () =>
          void patience.within(work).then((said) => {
            if (said === 'late') reject(new LogError('stopped', 'The log is closing, and Kafka does not answer.'));
          }, reject);
        work.then(resolve, reject).finally(() => waiting.delete(hurry));
        if (begun) hurry();
        else waiting.add(hurry);
      }),
  };
};
