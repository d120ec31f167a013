import { expect, it } from 'vitest';
import type { ActiveRun } from './attempt-log.ts';
import { observeRun } from './observe-run.ts';
import type { RunResult } from './run-batch.ts';

const run = {
  jobs: [900, 990, 1_005].map((at) => ({ at, entry: { fold: { request: { model: 'churn' } } } })),
  startedAt: 1_000,
  announced: false,
} as unknown as ActiveRun;
const told = (result: RunResult): readonly string[] => {
  const lines: string[] = [];
  const ran = (...of: unknown[]) => lines.push(`ran ${of.join(' ')}`);
  const queued = (...of: unknown[]) => lines.push(`queued ${of.join(' ')}`);
  observeRun({ ran, queued }, run, result, 40);
  return lines;
};
const waits = ['queued churn 100', 'queued churn 10', 'queued churn 0'];

it.each<[string, RunResult, readonly string[]]>([
  [
    'one that went well as the runtime measured it',
    { kind: 'ok', outputs: [], inferenceMs: 7, runtime: 'r', threads: 1 },
    ['ran churn 3 7', ...waits],
  ],
  [
    'one that failed as long as it took',
    { kind: 'failed', error: { code: 'model_load_failed', detail: '' } },
    ['ran churn 3 40', ...waits],
  ],
  [
    'one that is split without the waits, which are not over',
    { kind: 'split', why: 'crashed', detail: '' },
    ['ran churn 3 40'],
  ],
  ['nothing of one that could not begin', { kind: 'held', detail: '' }, []],
])('tells %s', (_, result, expected) => {
  expect(told(result)).toEqual(expected);
});
