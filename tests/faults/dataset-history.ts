import { nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteEventLog } from '@hindcast/adapters/sqlite';
import { encode, TOPICS } from '@hindcast/domain';
import {
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';

const predictionsPerAppend = 500;

/** A folder with a log of predictions of `churn`, as a Hindcast would have left it; every fifth has a label, every seventh failed. */
export const makeFolderWithPredictions = async (folder: string, predictions: number): Promise<void> => {
  const { now, newId } = nodeIdentity;
  const partitions = {
    [TOPICS.predictions]: 4,
    [TOPICS.models]: 1,
    [TOPICS.jobs]: 1,
    [TOPICS.audit]: 1,
    [TOPICS.deadLetters]: 1,
  };
  const log = await openSqliteEventLog({ folder, partitions, now, newId });
  for (let from = 0; from < predictions; from += predictionsPerAppend) {
    const events = Array.from({ length: predictionsPerAppend }, (_, at) => {
      const n = from + at;
      const [id, cause] = [`p-${n}`, `request-${n}`];
      const input = { tenure_months: n % 60, plan: n % 2 === 0 ? 'basic' : null, note: `"${n}"` };
      const output = { label: n % 3 === 0 ? 'yes' : 'no', probabilities: { yes: (n % 97) / 97 } };
      const end = { id, cause, eventId: `end-${n}` };
      return [
        aPredictionRequested({ id, eventId: cause, input, entity: `customer-${n % 100}` }),
        n % 7 === 0 ? aPredictionFailed(end) : aPredictionSucceeded({ ...end, output }),
        ...(n % 5 === 0 ? [aPredictionLabeled({ id, eventId: `label-${n}`, value: n % 2 })] : []),
      ];
    });
    await log.append(
      TOPICS.predictions,
      events.flat().map((event) => encode(event)),
    );
  }
  await log.stop();
};
