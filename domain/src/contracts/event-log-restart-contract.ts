import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EventLog } from '../event-log.ts';
import { partitionOf } from '../partitioning.ts';
import {
  contractTestMsMax,
  follow,
  type OpenEventLog,
  partitions,
  placed,
  range,
  readAll,
  record,
  topic,
  until,
} from './event-log-under-test.ts';

type Step =
  | { readonly do: 'append'; readonly keys: readonly number[] }
  | { readonly do: 'consume'; readonly commit: readonly number[] }
  | { readonly do: 'reopen' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), keys: fc.array(fc.nat(20), { maxLength: 40 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('consume' as const),
      commit: fc.array(fc.nat(60), { minLength: partitions, maxLength: partitions }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

/** What the log should hold: the values of each partition, and the commits of one group. */
const createModel = () => ({
  values: range(0, partitions).map((): string[] => []),
  commits: range(0, partitions).map((): number | undefined => undefined),
});
type Model = ReturnType<typeof createModel>;

const appendTo = async (log: EventLog, model: Model, keys: readonly number[], serial: number): Promise<void> => {
  const added = keys.map((key, i) => record(`key-${key}`, `${serial}.${i}`));
  const outcomes = placed(await log.append(topic, added));
  for (const [i, { position }] of outcomes.entries()) {
    const { key = '', value = '' } = added[i] ?? {};
    expect(position.partition).toBe(partitionOf(key, partitions));
    const values = model.values[position.partition];
    values?.push(value);
    expect(position.offset).toBe(values?.length);
  }
};

/** One life of a member: sees all from the commits on, then commits somewhere within what it saw. */
const liveOnce = async (log: EventLog, model: Model, commit: readonly number[]): Promise<void> => {
  const member = await follow(log, { group: 'g', batchMax: 7 });
  await until(() => {
    for (const p of range(0, partitions)) {
      expect(member.offsets(p)).toEqual(range(model.commits[p] ?? 0, (model.values[p]?.length ?? 0) + 1));
    }
  });
  await until(() => expect(member.assigned.size).toBe(partitions));
  for (const p of range(0, partitions)) {
    expect(member.assigned.get(p)).toBe(model.commits[p]);
    const next = Math.min(commit[p] ?? 0, (model.values[p]?.length ?? 0) + 1);
    member.consumer.commit(p, next);
    model.commits[p] = Math.max(model.commits[p] ?? 0, next);
  }
  await member.consumer.stop();
};

export const restartContract = (open: OpenEventLog): void => {
  it(
    'agrees with a simple model over appends, commits and restarts',
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (steps) => {
          const under = await open();
          try {
            let { log } = under;
            const model = createModel();
            for (const [serial, step] of steps.entries()) {
              if (step.do === 'append') await appendTo(log, model, step.keys, serial);
              else if (step.do === 'consume') await liveOnce(log, model, step.commit);
              else if (under.reopen) log = await under.reopen();
            }
            for (const p of range(0, partitions)) {
              const stored = await readAll(log, topic, p, 1);
              expect(stored.map(({ value }) => value)).toEqual(model.values[p]);
            }
          } finally {
            await under.close();
          }
        }),
        { numRuns: 15 },
      ),
    contractTestMsMax,
  );
};
