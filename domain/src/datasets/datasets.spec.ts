import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../event-codec.ts';
import { TOPICS } from '../event-log.ts';
import type { ModelState } from '../evolve-model.ts';
import { createMemoryEventLog } from '../in-memory/event-log.ts';
import { aPredictionRequested } from '../testing/prediction-event-builders.ts';
import { noneAccounted, unaccounted } from './accounted-for.ts';
import { planColumns } from './dataset-columns.ts';
import { datasetIdOf } from './dataset-cut.ts';
import type { DatasetSpec } from './dataset-spec.ts';
import { inSample, splitNames, splitOf } from './group-hash.ts';
import { hmacOf } from './hmac.ts';
import { kindOf, leavesOf } from './json-leaves.ts';
import { chooseLabel, type RecordedLabel } from './label-choice.ts';
import { type DatasetRequest, planDataset } from './plan-dataset.ts';
import { namedInput, versionRulesOf } from './version-rules.ts';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const people = Array.from({ length: 2_000 }, (_, at) => ({
  predictionId: `p-${at}`,
  entity: `e-${at % 700}`,
  madeAt: at,
}));
const sampled = (fraction: number, salt = '') => ({ sample: { fraction, salt, group: 'entity' as const } });

describe('samples and splits', () => {
  it('lie in each other, and are as large as they say', () => {
    const of = (fraction: number) => new Set(people.filter((row) => inSample(sampled(fraction), row, sha256)));
    const [one, ten, all] = [of(0.01), of(0.1), of(1)];
    expect([...one].filter((row) => !ten.has(row))).toEqual([]);
    expect(one.size).toBeGreaterThan(0);
    expect(ten.size).toBeGreaterThan(people.length * 0.07);
    expect(ten.size).toBeLessThan(people.length * 0.13);
    expect(all.size).toBe(people.length);
    const other = people.filter((row) => inSample(sampled(0.1, 'other'), row, sha256));
    expect(other.some((row) => !ten.has(row))).toBe(true);
  });

  it('keep an entity together, whatever else there is, and put each row into one of them', () => {
    const parts = [
      { name: 'train', share: 0.7 },
      { name: 'validation', share: 0.2 },
      { name: 'test', share: 0.1 },
    ];
    const spec: Pick<DatasetSpec, 'split'> = { split: { parts, salt: '', group: 'entity' } };
    const byEntity = new Map<string, Set<string>>();
    const counts = new Map<string, number>();
    for (const row of people) {
      const name = splitOf(spec, row, sha256);
      byEntity.set(row.entity, (byEntity.get(row.entity) ?? new Set()).add(name));
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect([...byEntity.values()].every((names) => names.size === 1)).toBe(true);
    expect([...counts.keys()].sort()).toEqual([...splitNames(spec)].sort());
    for (const { name, share } of parts) expect((counts.get(name) ?? 0) / people.length).toBeCloseTo(share, 1);
    const late = { split: { parts, salt: '', group: 'entity' as const, holdout: { name: 'late', since: 1_990 } } };
    expect(people.filter((row) => splitOf(late, row, sha256) === 'late')).toHaveLength(10);
  });
});

describe('the label of a row', () => {
  const label = (value: RecordedLabel['value'], at: number): RecordedLabel => ({
    ...{ value, at, knownAt: at, revision: 1 },
  });
  const [early, late] = [label('no', 10), label('yes', 100)];

  it('is the first or the latest that came in time', () => {
    expect(chooseLabel([early, late], { pick: 'latest', absent: 'drop' }, 0, 200)).toEqual({
      kind: 'label',
      label: late,
    });
    expect(chooseLabel([early, late], { pick: 'first', absent: 'drop' }, 0, 200)).toEqual({
      kind: 'label',
      label: early,
    });
    expect(chooseLabel([early, late], { pick: 'latest', absent: 'drop', maturityMs: 50 }, 0, 200)).toEqual({
      kind: 'label',
      label: early,
    });
  });

  it('is none where it was taken back, or where the prediction is too young', () => {
    expect(chooseLabel([early, label(null, 20)], { pick: 'latest', absent: 'drop' }, 0, 200).kind).toBe('none');
    expect(chooseLabel([early], { pick: 'latest', absent: 'drop', maturityMs: 201 }, 0, 200).kind).toBe('none');
  });

  it('is what none means, once the time has passed', () => {
    const policy = { pick: 'latest', absent: { afterMs: 50, value: 0 } } as const;
    expect(chooseLabel([], policy, 0, 49).kind).toBe('none');
    expect(chooseLabel([], policy, 0, 50)).toEqual({ kind: 'assumed', value: 0 });
    expect(chooseLabel([late], policy, 0, 200)).toEqual({ kind: 'label', label: late });
    expect(chooseLabel([late], { ...policy, maturityMs: 60 }, 0, 200)).toEqual({ kind: 'assumed', value: 0 });
  });

  it('is what none means also where what was said was taken back, and not where it still stands', () => {
    const policy = { pick: 'latest', absent: { afterMs: 50, value: 0 } } as const;
    const assumed = { kind: 'assumed', value: 0 };
    const takenBack = label(null, 20);
    expect(chooseLabel([early, takenBack], policy, 0, 200)).toEqual(assumed);
    expect(chooseLabel([early, label(null, 100)], policy, 0, 200)).toEqual(assumed);
    expect(chooseLabel([early, takenBack], { ...policy, maturityMs: 60 }, 0, 200)).toEqual(assumed);
    expect(chooseLabel([early, takenBack], policy, 0, 49).kind).toBe('none');
    expect(chooseLabel([takenBack, late], { ...policy, pick: 'first' }, 0, 200).kind).toBe('none');
  });

  it('is none where one stands that came too late for the maturity, but before its lack means anything', () => {
    const policy = { pick: 'latest', absent: { afterMs: 50, value: 0 }, maturityMs: 5 } as const;
    expect(chooseLabel([early], policy, 0, 200).kind).toBe('none');
    expect(chooseLabel([early, label(null, 20)], policy, 0, 200)).toEqual({ kind: 'assumed', value: 0 });
    expect(chooseLabel([late], policy, 0, 200)).toEqual({ kind: 'assumed', value: 0 });
  });
});

describe('columns', () => {
  const spec = {
    tenant: 'default',
    model: 'm',
    labels: { pick: 'latest', absent: 'keep' },
    redact: [],
    format: 'ndjson',
  } as const;
  const seen = (...inputs: readonly unknown[]) => ({
    ...{ context: [], output: [], label: [], versions: [] },
    input: inputs.flatMap((input) => leavesOf(input, 1, kindOf)),
  });
  const inputsOf = (...inputs: readonly unknown[]) =>
    planColumns({ ...spec, redact: [] }, seen(...inputs), [])
      .filter(({ role }) => role === 'input')
      .map(({ name, type }) => `${name} ${type}`);

  it('are numbers where all are, and JSON where rows differ', () => {
    expect(inputsOf({ a: 1, b: 'x' }, { a: null, b: 2, c: [1] })).toEqual([
      'input.a number',
      'input.b json',
      'input.c json',
    ]);
    expect(inputsOf({ a: 1 }, 5)).toEqual(['input number', 'input.a number']);
    expect(inputsOf({ a: 1 }, {}, null)).toEqual(['input.a number']);
  });

  it('come in the order of places, and with names that differ by more than their case', () => {
    expect(inputsOf({ '10': 1, '9': 1 })).toEqual(['input.9 number', 'input.10 number']);
    const mixed = ['10', '1a', '2', '02'];
    const orders = [mixed, [...mixed].reverse()].map((names) => inputsOf(...names.map((name) => ({ [name]: 1 }))));
    expect(orders[0]).toEqual(orders[1]);
    expect(inputsOf({ a: 1, A: 1 })).toEqual(['input.A number', 'input.a~2 number']);
  });
});

describe('a plan', () => {
  const request: DatasetRequest = { model: 'churn' };
  const with_ = {
    tenant: 'default',
    extractor: { name: 'x/1', formats: ['parquet'] },
    redactionKeyId: undefined,
  } as const;
  const logWith = async (events: number) => {
    const partitions = {
      [TOPICS.predictions]: 2,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 1,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    };
    const log = createMemoryEventLog({ partitions, now: () => 1, newId: () => 'id' });
    for (let at = 0; at < events; at++)
      await log.append(TOPICS.predictions, [encode(aPredictionRequested({ id: `p-${at}` }))]);
    return log;
  };

  it('is the same for the same wishes and positions, whatever the log holds behind them', async () => {
    const log = await logWith(4);
    const first = await planDataset(log, request, with_);
    if (!first.ok) throw new Error(first.refusal.detail);
    const to = first.plan.cut.ranges.map((range) => `0:${range.partition}:${range.to}`).join(',');
    await log.append(TOPICS.predictions, [encode(aPredictionRequested({ id: 'later' }))]);
    const again = await planDataset(log, { ...request, labels: { pick: 'latest' }, to }, with_);
    expect(again).toEqual(first);
    const moved = await planDataset(log, request, with_);
    if (!again.ok || !moved.ok) throw new Error('refused');
    expect(datasetIdOf(again.plan, sha256)).toBe(datasetIdOf(first.plan, sha256));
    expect(datasetIdOf(moved.plan, sha256)).not.toBe(datasetIdOf(first.plan, sha256));
  });

  it.each<[string, Partial<DatasetRequest>]>([
    ['sum to', { split: { parts: [{ name: 'train', share: 0.5 }] } }],
    [
      'same name',
      {
        split: {
          parts: [
            { name: 'a', share: 0.5 },
            { name: 'a', share: 0.5 },
          ],
        },
      },
    ],
    ['no key', { redact: [{ column: 'entity', how: 'hmac' }] }],
    ['cannot be redacted', { redact: [{ column: 'position', how: 'drop' }] }],
    ['cannot be written', { format: 'csv' }],
    ['not one of this log', { to: '0:0:9999' }],
    ['behind until', { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }],
  ])('is refused: %s', async (why, wish) => {
    const planned = await planDataset(await logWith(1), { ...request, ...wish }, with_);
    expect(planned).toMatchObject({ ok: false, refusal: { detail: expect.stringContaining(why) } });
  });
});

describe('the features of a version', () => {
  const rulesOf = (...features: readonly { name: string; shape: readonly number[] }[]) => {
    const signature = { features: features.map((feature) => ({ ...feature, missing: 'refuse' })) };
    const models = { get: () => ({ versions: [{ version: 1, signature }] }) as unknown as ModelState };
    return versionRulesOf(models, 'default', 'm');
  };
  const scalar = (name: string) => ({ name, shape: [] });
  const tensor = (name: string) => ({ name, shape: [3] });
  const named = (rules: ReturnType<typeof rulesOf>, input: unknown, role: 'champion' | 'imported' = 'champion') =>
    namedInput({ version: 1, role, input }, rules);

  it('name the values of a list in their order, and a bare value', () => {
    expect(named(rulesOf(scalar('a'), tensor('t')), [1, [1, 2, 3]])).toEqual({ a: 1, t: [1, 2, 3] });
    expect(named(rulesOf(scalar('a')), [null])).toEqual({ a: null });
    expect(named(rulesOf(scalar('a')), 'x')).toEqual({ a: 'x' });
  });

  it('name nothing in an object, in a list of another length, in an import, and in what is a tensor itself', () => {
    const inputs: [ReturnType<typeof rulesOf>, unknown, 'imported'?][] = [
      [rulesOf(scalar('a')), { b: 1 }],
      [rulesOf(scalar('a'), scalar('b')), [1]],
      [rulesOf(scalar('a'), scalar('b')), 1],
      [rulesOf(scalar('a')), [1], 'imported'],
      [rulesOf(tensor('t')), [1]],
      [[], [1]],
      [rulesOf(scalar('a')), undefined],
    ];
    for (const [rules, input, role] of inputs) expect(named(rules, input, role)).toBe(input);
  });
});

describe('small parts', () => {
  it('hmac is that of RFC 2104', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme' }), (key, text) => {
        expect(hmacOf(key, text, sha256)).toBe(createHmac('sha256', key).update(text).digest('hex'));
      }),
    );
  });

  it('a table that does not sum says by how many', () => {
    expect(unaccounted({ ...noneAccounted(), requests: 3, rows: 1, filtered: 1 })).toBe(1);
  });
});
