import { describe, expect, it } from 'vitest';
import { comparisonTable } from './comparison-table.ts';
import type { Comparison, MeasuredSystem } from './measured-systems.ts';

const system = (name: string, ours: boolean, perSecond: readonly number[]): MeasuredSystem => ({
  name,
  title: `The ${name}`,
  ours,
  rounds: perSecond.map((value) => ({ single: { perSecond: value, cpuUs: 1e6 / value, loadCpuUs: 20 } })),
});

const comparison: Comparison = {
  command: 'npm run it',
  commit: 'abc1234-dirty',
  startedAt: '2026-11-25T10:00:00.000Z',
  machine: 'Node v20, 2 × CPU',
  kernel: 'Linux 6',
  memoryGib: 24,
  cores: 2,
  load: { before: 0.1, after: 2.5 },
  rounds: 3,
  seconds: 4,
  systems: [
    system('hindcast', true, [9_000, 8_000, 10_000]),
    system('bullmq', false, [2_000, 1_000, 2_500]),
    system('bare-pipeline', false, [12_000, 11_000, 10_000]),
  ],
  leftOut: [{ title: 'MLServer', reason: 'No Python.' }],
};

const lines = comparisonTable(comparison).split('\n');
const lineOf = (start: string) => lines.find((line) => line.startsWith(start));

describe('the table of a comparison', () => {
  it('says what was run where', () => {
    expect(lines[0]).toContain('`npm run it` at commit `abc1234-dirty`, 2026-11-25');
    expect(lines[0]).toContain('Node v20, 2 × CPU, 24 GiB, Linux 6');
    expect(lines[0]).toContain('load was 0.1 before and 2.5 at the end');
  });

  it('has the median of the rounds with the smallest and the largest', () => {
    expect(lineOf('| single POST, 64 connections | **The hindcast**')).toContain('| 9,000 /s (8,000 to 10,000) |');
    expect(lineOf('| single POST, 64 connections | The bullmq')).toContain(
      '| 500 µs (400 to 1,000) | 1 (1 to 1) | – | – |',
    );
  });

  it('says of each goal whether it is met, by the median of the ratios of single rounds', () => {
    expect(lineOf('| single POST, embedded, vs BullMQ')).toContain('| 4.5× (4 to 8) | ≥ 4 | met |');
    expect(lineOf('| the same, CPU per prediction')).toContain('| 0.222× (0.125 to 0.25) | ≤ 0.2 | **not met** |');
    expect(lineOf('| single POST, distributed, vs BullMQ')).toContain('| – | ≥ 1.5 | not measured |');
  });

  it('says beside it what the libraries alone come to, which is nothing where they are not alone', () => {
    expect(lineOf('| single POST, embedded, vs BullMQ')).toContain('| 6× (4 to 11) |');
    expect(lineOf('| the same, CPU per prediction')).toContain('| 0.167× (0.0909 to 0.25) |');
    expect(lineOf('| single POST, distributed, vs BullMQ')).toContain('| not measured | – |');
  });

  it('says what CPU time each goal leaves to a prediction, beside what one takes', () => {
    // Four times 2,000 a second, on two cores: 250 µs, of which the load generator takes 20.
    expect(lineOf('| single POST, embedded, vs BullMQ')).toMatch(/\| 230 µs \| 111 µs \|$/);
    expect(lineOf('| the same, CPU per prediction')).toMatch(/\| 100 µs \| 111 µs \|$/);
    expect(lineOf('| single POST, distributed, vs BullMQ')).toMatch(/\| – \| – \|$/);
  });

  it('has the measures in one order, whichever system comes first', () => {
    const figures = { perSecond: 1, cpuUs: 1 };
    const rounds = [
      { 'rows of x': figures, wait: figures },
      { batch: figures, chunk: figures },
    ];
    const systems = rounds.map((round, at) => ({ ...system(`s${at}`, false, []), rounds: [round] }));
    const table = comparisonTable({ ...comparison, systems });
    const starts = ['| 100 a request, 8', '| 100 a request as one', '| POST that waits', '| rows of x'];
    const places = starts.map((start) => table.indexOf(start));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  it('says which systems are missing', () => {
    expect(lines).toContain('**Left out: MLServer.** No Python.');
  });
});
