import {
  type BacktestReport,
  type BacktestSpec,
  type BacktestState,
  backtestReport,
  type DataRef,
  JobFailure,
  recordsInCut,
} from '@hindcast/domain';
import { aPredictionLabeled } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPayload } from '../prediction-inputs.ts';
import { createPastWorld, type PastWorld } from '../testing/past-world.ts';
import { answering, rowsOf, scalarSignature, until } from '../testing/worker-world.ts';
import { createBacktestHandler, createShadowHandler } from './backtest-job.ts';

let world: PastWorld;
let candidate: BacktestSpec['candidate'];
beforeEach(async () => {
  world = await createPastWorld();
  await world.register('double');
  const tripling = (inputs: Parameters<typeof rowsOf>[0]) =>
    answering(rowsOf(inputs).map(([x = 0]) => (x > 3 ? 3 * x : 2 * x)));
  const sha256 = await world.register('triple', tripling);
  candidate = { model: 'triple', version: 1, sha256 };
});
afterEach(() => world.close());

const some = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ id: `p-${from + at}`, x: (from + at) % 7, context: { shop: at % 2 } }));
const specOf = async (more: Partial<BacktestSpec> = {}): Promise<BacktestSpec> => ({
  cut: await world.cut(),
  model: 'double',
  candidate,
  slices: [],
  rowsPerSecondMax: 1_000_000,
  ...more,
});
interface Result {
  readonly state: DataRef;
  readonly compared: number;
}
const stateOf = async (ref: DataRef): Promise<BacktestState> => {
  const read = await readPayload(world.artifacts, ref);
  if (!read.ok) throw new Error(read.detail);
  return read.input as BacktestState;
};
const linesOf = async ({ files }: BacktestState): Promise<Record<string, unknown>[]> => {
  let text = '';
  for (const { sha256 } of files) {
    const content = await world.artifacts.get(sha256);
    for await (const chunk of content ?? []) text += new TextDecoder().decode(chunk);
  }
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
};
const backtest = async (more: Partial<BacktestSpec> = {}) => {
  const { result } = await world.run<Result>(createBacktestHandler(world.ports), await specOf(more));
  expect(world.openRuntimes()).toBe(0);
  if (!result) throw new Error('There is no result.');
  const state = await stateOf(result.state);
  return { state, report: backtestReport(state), lines: await linesOf(state), result };
};

describe('a backtest', () => {
  it('says what another version would have answered, row by row and in all', async () => {
    await world.predict(...some(70));
    await world.fold();
    const { report, lines, result } = await backtest({ slices: ['context.shop', 'input.x', 'entity'] });
    expect(result).toMatchObject({ compared: 70, changed: 30 });
    expect(report).toMatchObject({ compared: 70, changed: 30, refused: 0, rows: 70, counts: { requests: 70 } });
    expect(report.shift).toMatchObject({ rows: 70, mean: 150 / 70 });
    expect(report.slices.map(({ slice, values }) => [slice, values.length])).toEqual([
      ['context.shop', 2],
      ['input.x', 7],
      ['entity', 1],
    ]);
    expect(report.slices[1]?.values.find(({ value }) => value === '6')).toMatchObject({ rows: 10, changed: 10 });
    expect(lines.map(({ row }) => row)).toEqual(Array.from({ length: 70 }, (_, at) => at));
    const six = lines.find(({ predictionId }) => predictionId === 'p-6');
    expect(six).toMatchObject({ changed: true, shift: 6, recorded: { y: 12 }, candidate: { y: 18 }, version: 1 });
  });

  it('slices lists and bare values by the names of the features that they stand for', async () => {
    const inputs = [{ x: 6 }, [6], 6];
    await world.predict(...inputs.map((input, at) => ({ id: `p-${at}`, input })));
    await world.fold();
    const { report } = await backtest({ slices: ['input.x'] });
    const values = report.slices[0]?.values.map(({ value, rows }) => [value, rows]);
    expect(values).toEqual([['6', 3]]);
  });

  it('measures both against the labels of the stretch, corrected as they were then, and no later ones', async () => {
    await world.predict({ id: 'a', x: 6 }, { id: 'b', x: 6 }, { id: 'c', x: 6 });
    const label = (id: string, value: number, eventId: string) => aPredictionLabeled({ id, value, eventId });
    await world.tell(label('a', 99, 'l-1'), label('a', 12, 'l-2'), label('b', 18, 'l-3'));
    const cut = await world.cut();
    await world.tell(label('a', 50, 'l-4'), label('c', 50, 'l-5'));
    await world.fold();
    const { report, lines } = await backtest({ cut });
    expect(report).toMatchObject({ labelled: 2, quality: { recorded: { n: 2, mae: 3 }, candidate: { n: 2, mae: 3 } } });
    const labels = lines.map(({ predictionId, label: value }) => [predictionId, value]);
    expect(labels.sort()).toEqual([
      ['a', 12],
      ['b', 18],
      ['c', undefined],
    ]);
  });

  it('counts rows that the candidate does not take, and goes on', async () => {
    const strict = { ...scalarSignature, features: [{ ...scalarSignature.features[0], missing: 'refuse' }] };
    const sha256 = await world.register('strict', undefined, { signature: strict as typeof scalarSignature });
    await world.predict(...some(3), { id: 'null', input: { x: null } });
    await world.fold();
    const { report } = await backtest({ candidate: { model: 'strict', version: 1, sha256 } });
    expect(report).toMatchObject({ compared: 3, changed: 0, refusals: { input_does_not_fit: 1 } });
    expect(report.refusalExample).toContain('/x');
    world.runtime.misbehave(sha256, 'reject');
    expect(await backtest({ candidate: { model: 'strict', version: 1, sha256 } })).toMatchObject({
      report: { compared: 0, refusals: { input_does_not_fit: 1, run_refused: 3 } },
    });
  });

  it('goes on where it was, to the same rows and the same report', async () => {
    await world.predict(...some(1_200));
    await world.fold();
    const whole = await backtest();
    // Time for files to be old enough in every page.
    let time = 0;
    const ports = { ...world.ports, clock: () => (time += 60_000) };
    const spec = await specOf();
    for (const stopAt of [1, 800, 2_300]) {
      const handler = createBacktestHandler(ports);
      const { checkpoint } = await world.run(handler, spec, { stopAt: (done) => done >= stopAt });
      expect(checkpoint).toBeDefined();
      const { result } = await world.run<Result>(handler, spec, { checkpoint });
      const state = await stateOf((result as Result).state);
      expect(await linesOf(state)).toEqual(whole.lines);
      expect(backtestReport(state)).toEqual(whole.report);
    }
  });

  it('does not ask a candidate that is not what was registered', async () => {
    await world.fold();
    const run = async (more: Partial<BacktestSpec>) =>
      world.run(createBacktestHandler(world.ports), await specOf(more)).catch((error: unknown) => error);
    const sha256 = 'f'.repeat(64);
    expect(await run({ candidate: { ...candidate, sha256 } })).toEqual(expect.any(JobFailure));
    world.changeFile(candidate.sha256, 'other');
    expect(await run({})).toMatchObject({ code: 'model_changed' });
    world.changeFile(candidate.sha256, undefined);
    expect(await run({})).toMatchObject({ code: 'model_missing' });
  });
});

describe('a shadow', () => {
  it('keeps what it has found also where nothing comes behind it', async () => {
    let time = 0;
    const handler = createShadowHandler({ ...world.ports, clock: () => time });
    const cut = await world.cut();
    const spec = await specOf({ cut: { ...cut, ranges: cut.ranges.map((range) => ({ ...range, from: range.to })) } });
    await world.predict(...some(20));
    const came = recordsInCut(await world.cut()) - recordsInCut(cut);
    const stopAt = (done: number): boolean => {
      if (time > 0) return true;
      if (done === came) time = 2_000;
      return false;
    };
    const { checkpoint } = await world.run(handler, spec, { stopAt });
    expect(backtestReport(await stateOf(checkpoint?.['state'] as DataRef)).compared).toBe(20);
  });

  it('asks the candidate what is asked from now on, and keeps what it has found when it is canceled', async () => {
    await world.predict(...some(5));
    let time = 0;
    const handler = createShadowHandler({ ...world.ports, clock: () => (time += 60_000) });
    const { ranges, ...log } = await world.cut();
    const spec = await specOf({ cut: { ...log, ranges: ranges.map((range) => ({ ...range, from: range.to })) } });
    const running = world.run(handler, spec, { stopAt: (done) => done >= 30 });
    await world.predict(...some(20, 5));
    const { checkpoint } = await running;
    let report: BacktestReport = backtestReport(await stateOf(checkpoint?.['state'] as DataRef));
    expect(report.compared).toBeGreaterThan(0);
    expect(world.openRuntimes()).toBe(0);

    // The next process goes on, and misses nothing of what came meanwhile.
    await world.predict(...some(15, 25));
    const came =
      recordsInCut(await world.cut()) -
      recordsInCut({ ...log, ranges: ranges.map(({ partition, to }) => ({ partition, from: 0, to })) });
    const next = await world.run(handler, spec, { checkpoint, stopAt: (done) => done >= came });
    const state = await stateOf(next.checkpoint?.['state'] as DataRef);
    report = backtestReport(state);
    expect(report).toMatchObject({ compared: 35, counts: { records: came, requests: 35 } });
    const ids = (await linesOf(state)).map(({ predictionId }) => String(predictionId)).sort();
    expect(ids).toEqual(
      some(35, 5)
        .map(({ id }) => id)
        .sort(),
    );
    await until(() => world.openRuntimes() === 0);
  });
});
