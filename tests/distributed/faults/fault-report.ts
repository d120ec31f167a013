import { appendFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countsOf } from './check-state.ts';
import type { Evidence } from './evidence.ts';
import type { Findings } from './laws.ts';
import type { Survived } from './nemesis.ts';

const countBy = <T>(list: readonly T[], nameOf: (one: T) => string): string => {
  const counts = new Map<string, number>();
  for (const one of list) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
};

interface Outcome {
  readonly seed: number;
  readonly evidence: Evidence;
  readonly survived: readonly Survived[];
  readonly findings: Findings;
}

/** What a run came to, for people. */
const faultReport = (title: string, { seed, evidence, survived, findings }: Outcome): string => {
  const { history, truth, stats, raw } = evidence;
  const twice = Object.entries(countsOf(truth)).reduce(
    (sum, [name, n]) => sum + Math.max(0, (stats[name] ?? 0) - n),
    0,
  );
  return [
    `${title}: seed ${seed} (TEST_SEED=${seed} repeats its requests)`,
    `  operations ${history.length}: ${countBy(history, ({ ask }) => ask.kind)}`,
    `  answers: ${countBy(history, ({ status }) => String(status))}`,
    `  predictions ${truth.size}, lost ${findings.nothingAcceptedIsLost?.length ?? 0}, counted twice ${twice}`,
    `  log: ${raw.events} events, of which written again ${raw.repeated}, late ends ${raw.lateEnds}, run twice ${raw.ranTwice}, requests that lost ${raw.rivalRequests}`,
    ...survived.map(({ fault, recoveryMs }) => `  ${fault}: work goes on after ${(recoveryMs / 1_000).toFixed(1)} s`),
    ...Object.entries(findings).map(
      ([law, cases]) => `  BROKEN ${law}: ${cases?.length} times, such as ${cases?.slice(0, 5).join('; ')}`,
    ),
  ].join('\n');
};

/** All that was asked and answered, for whoever looks for the cause. */
const keepHistory = async ({ seed, evidence, survived, findings }: Outcome): Promise<void> => {
  const file = join(tmpdir(), `hindcast-fault-run-${seed}.json`);
  const log = [...evidence.truth.values()];
  await writeFile(file, JSON.stringify({ findings, survived, operations: evidence.history, log }));
  console.log(`What was asked and answered is in ${file}.`);
};

/** Another run has other requests, and may not break the law that this one broke: only what came too late is tried again. */
export const unlessFound = { count: 1, condition: /^(?!seed \d)/ } as const;

/** Prints what a run came to, and adds its recovery times to the file of HINDCAST_FAULT_REPORT: one line of JSON a run. */
export const publishFaultReport = async (title: string, outcome: Outcome): Promise<void> => {
  console.log(faultReport(title, outcome));
  if (Object.keys(outcome.findings).length > 0) await keepHistory(outcome);
  const file = process.env['HINDCAST_FAULT_REPORT'];
  if (!file) return;
  const recoveryMs = Object.fromEntries(
    outcome.survived.map(({ fault, recoveryMs }) => [fault, Math.round(recoveryMs)]),
  );
  const broken = Object.keys(outcome.findings);
  await appendFile(file, `${JSON.stringify({ title, seed: outcome.seed, at: new Date(), broken, recoveryMs })}\n`);
};
