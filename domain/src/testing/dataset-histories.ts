import fc from 'fast-check';
import type { DatasetPlan } from '../datasets/dataset-cut.ts';
import type { DatasetSpec } from '../datasets/dataset-spec.ts';
import type { VersionRules } from '../datasets/version-rules.ts';
import { encode } from '../event-codec.ts';
import { type RecordedRecord, TOPICS } from '../event-log.ts';
import type { PredictionEvent } from '../prediction-events.ts';
import {
  aPredictionAttemptStarted,
  aPredictionCanceled,
  aPredictionExpired,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from './prediction-event-builders.ts';

/** Log time of the first record of each partition, and between two. */
const startMs = 1_700_000_000_000;
export const stepMs = 1_000;

export interface HistoryRecord {
  readonly event?: PredictionEvent;
  /** Stored instead of the event. */
  readonly value?: string;
  /** Of a record without an event: the type that its header claims. */
  readonly type?: string;
}

/** Records of partition 0, 1, … as a log would hold them. */
export const storedHistory = (partitions: readonly (readonly HistoryRecord[])[]): RecordedRecord[] =>
  partitions.flatMap((history, partition) =>
    history.map(({ event, value, type }, offset): RecordedRecord => {
      const encoded = event ? encode(event) : { key: 'default/stray', value: '', headers: type ? { type } : {} };
      const { key, headers } = encoded;
      return {
        ...{ key, headers, value: value ?? encoded.value },
        ...{ topic: TOPICS.predictions, partition, offset, appendedAt: startMs + offset * stepMs },
      };
    }),
  );

export const logOf = (records: readonly RecordedRecord[], pageMax = 7) => ({
  async *read({ partition, from, to = Number.POSITIVE_INFINITY }: { partition: number; from: number; to?: number }) {
    const mine = records.filter((one) => one.partition === partition && one.offset >= from && one.offset < to);
    for (let at = 0; at < mine.length; at += pageMax) yield mine.slice(at, at + pageMax);
  },
});

export const planOf = (
  records: readonly RecordedRecord[],
  spec: Partial<DatasetSpec> = {},
  extractor = 'test',
): DatasetPlan => {
  const partitions = [...new Set([0, ...records.map(({ partition }) => partition)])].sort((a, b) => a - b);
  const end = (partition: number) => records.filter((record) => record.partition === partition).at(-1)?.offset ?? -1;
  return {
    spec: {
      tenant: 'default',
      model: 'churn',
      labels: { pick: 'latest', absent: 'keep' },
      redact: [],
      format: 'ndjson',
      ...spec,
    },
    cut: {
      topic: TOPICS.predictions,
      logId: 'log',
      epoch: 0,
      ranges: partitions.map((partition) => ({ partition, from: 0, to: end(partition) + 1 })),
    },
    extractor,
  };
};

const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1.5,
    1e21,
    'basic',
    '',
    'ä\t"\\\n',
    '\u0000',
    '\ud800',
    12_345_678_901,
    'NaN',
    '-Infinity',
  ),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
);
const nested = fc.oneof({ weight: 6, arbitrary: leaf }, fc.constantFrom<unknown>([1, 2], { deep: 'x' }, {}, []));
const name = fc.constantFrom('age', 'Age', 'plan', 'a/b~c', 'd"e', "f'g", '0', '10', '2', '1a', 'ü.v', 'n\0l');
const input = fc.oneof(
  fc.dictionary(name, nested, { maxKeys: 4 }),
  fc.dictionary(fc.constantFrom('age', 'plan'), fc.constantFrom(1, 2.5, null)),
  fc.array(leaf, { maxLength: 12 }),
  leaf,
);
const output = fc.oneof(
  fc.record({ label: fc.constantFrom('yes', 'no'), probabilities: fc.dictionary(fc.constantFrom('yes', 'no'), leaf) }),
  fc.dictionary(name, nested, { maxKeys: 3 }),
  leaf,
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const event = fc
  .record({
    key: fc.nat({ max: 3 }),
    kind: fc.nat({ max: 11 }),
    number: fc.nat({ max: 2 }),
    rival: fc.nat({ max: 1 }),
    input,
    output,
    entity: optional(fc.constantFrom('anna', 'bert', 'ö')),
    eventTime: optional(
      fc.constantFrom(
        '2023-11-14T22:13:20.123Z',
        '2023-11-14T22:13:20+02:00',
        '2023-11-14t22:13:20z',
        '1969-12-31T23:59:59.123456789+02:00',
        'soon',
      ),
    ),
    context: optional(fc.dictionary(fc.constantFrom('shop', 'note'), leaf)),
    model: fc.constantFrom('churn', 'churn', 'churn', 'churn', 'churn', 'fraud'),
    role: fc.constantFrom('champion', 'canary', 'pinned'),
    value: fc.constantFrom(null, true, 'yes', 1, 0.5),
    weight: optional(fc.constantFrom(0, 2)),
    past: fc.option(
      fc.constantFrom('2023-11-14T22:13:15Z', '2023-11-14t22:13:15z', '2020-01-01T00:00:00.000Z', 'soon'),
      {
        nil: undefined,
        freq: 3,
      },
    ),
    occurredAt: optional(
      fc.constantFrom('2023-11-14T22:13:16.50025Z', '2023-11-14t22:13:16.500z', '2020-01-01T00:00:30+00:00', 'late'),
    ),
    tenant: fc.constantFrom('default', 'default', 'default', 'default', 'default', 'other'),
  })
  .map((choice): PredictionEvent => {
    const { key, kind, number, rival, entity, eventTime, context, model, role, value, weight, past, tenant } = choice;
    const id = `p-${key}`;
    const named = { tenant, id, eventId: `${id}-${kind}-${number}-${rival}` };
    const answer = { ...named, cause: `${id}-request-${rival}` };
    if (kind < 4)
      return aPredictionRequested({
        ...{ ...named, eventId: `${id}-request-${rival}`, model, role, version: 1 + rival, input: choice.input },
        ...{ requestHash: String(rival).repeat(64), ...(entity && { entity }), ...(eventTime && { eventTime }) },
        ...(context && { context }),
        ...(past && { role: 'imported' as const, imported: { source: 'before', at: past } }),
      });
    if (kind < 7) return aPredictionSucceeded({ ...answer, output: choice.output });
    if (kind < 9)
      return aPredictionLabeled({
        ...{ ...named, value, ...(choice.occurredAt && { occurredAt: choice.occurredAt }) },
        ...(weight !== undefined && { weight, source: 'shop' }),
      });
    if (kind === 9) return number === 0 ? aPredictionFailed(answer) : aPredictionExpired(answer);
    return kind === 10 ? aPredictionCanceled(answer) : aPredictionAttemptStarted({ ...answer, attempt: 1 });
  });

const stray = fc.constantFrom<HistoryRecord>(
  { value: '{"no":"event"}', type: 'PredictionRequested' },
  { value: 'nothing\tat\nall', type: 'PredictionSucceeded' },
  { value: '[]' },
);
const record = fc.oneof(
  { weight: 20, arbitrary: event.map((one): HistoryRecord => ({ event: one })) },
  { weight: 1, arbitrary: stray },
  // As a foreign writer puts it: other order and spaces, and a member behind the data.
  {
    weight: 1,
    arbitrary: event.map(
      (one): HistoryRecord => ({ event: one, value: JSON.stringify({ ...one, foreign: {} }, null, 1) }),
    ),
  },
  {
    weight: 1,
    arbitrary: event.map((one): HistoryRecord => ({ event: one, value: JSON.stringify({ ...one, foreign: {} }) })),
  },
  // Broken off in the middle of the data.
  {
    weight: 1,
    arbitrary: event.map((one): HistoryRecord => ({ event: one, value: `${encode(one).value.slice(0, -3)}}` })),
  },
);

/** Keys live in one partition each; here they may meet in both, which no law depends on. */
export const anyHistory = fc.array(fc.array(record, { maxLength: 40, size: 'max' }), {
  minLength: 1,
  maxLength: 2,
});

const step = fc
  .record({
    kind: fc.constantFrom('R', 'R', 'S', 'S', 'S', 'C', 'F', 'L'),
    id: fc.nat({ max: 3 }),
    cause: fc.constantFrom(0, 0, 0, 1),
    late: fc.constantFrom(0, 0, 1, 4),
  })
  .map(({ kind, id, cause, late }) => ({
    late,
    event: (key: number): PredictionEvent => {
      const named = { id: `p-${key}`, eventId: `p-${key}-${id}` };
      const answer = { ...named, cause: `p-${key}-${cause}` };
      if (kind === 'R') return aPredictionRequested({ ...named, input: { age: id } });
      if (kind === 'S') return aPredictionSucceeded({ ...answer, output: { label: `of ${cause}` } });
      if (kind === 'C') return aPredictionCanceled(answer);
      return kind === 'F' ? aPredictionFailed(answer) : aPredictionLabeled({ ...named, value: 'yes' });
    },
  }));

/** Events as this program writes them, whose ids repeat across all kinds; those of a key may come after those of the next keys. */
export const repetitiveHistory = fc
  .array(fc.array(step, { maxLength: 7, size: 'max' }), { minLength: 100, maxLength: 150, size: 'max' })
  .map((keys) => {
    const placed = keys.flatMap((steps, key) => [
      { place: key, event: aPredictionRequested({ id: `p-${key}`, eventId: `p-${key}-0`, input: { age: 0 } }) },
      ...steps.map(({ late, event }) => ({ place: key + late, event: event(key) })),
    ]);
    return [placed.sort((a, b) => a.place - b.place).map(({ event }): HistoryRecord => ({ event }))];
  });

/** The first end has the id of its request, and so is a repeat: the second counts. */
export const endBehindRepeat: HistoryRecord[][] = [
  [
    { event: aPredictionRequested({ eventId: 'r' }) },
    { event: aPredictionSucceeded({ eventId: 'r', cause: 'r' }) },
    { event: aPredictionRequested({ eventId: 'r' }) },
    { event: aPredictionSucceeded({ eventId: 's', cause: 'r' }) },
  ],
];

const narrowSpec: fc.Arbitrary<Partial<DatasetSpec>> = fc.record(
  {
    versions: fc.constantFrom([1], [1, 2]),
    roles: fc.constantFrom<NonNullable<DatasetSpec['roles']>>(['champion'], ['canary', 'pinned']),
    since: fc.constantFrom(startMs + 3 * stepMs),
    until: fc.constantFrom(startMs + 12 * stepMs),
    context: fc.constant(['shop', 'missing']),
    labels: fc.record({
      pick: fc.constantFrom('latest', 'first'),
      absent: fc.constantFrom('drop', 'keep', { afterMs: 5 * stepMs, value: 0 }, { afterMs: 9 * stepMs, value: 'no' }),
      ...{ maturityMs: fc.constantFrom(4 * stepMs, 10 * stepMs) },
    }) as fc.Arbitrary<DatasetSpec['labels']>,
    redact: fc.constantFrom<DatasetSpec['redact']>(
      [{ column: 'entity', how: 'hmac' }],
      [{ column: 'referenceId', how: 'drop' }],
    ),
    sample: fc.record({
      fraction: fc.constantFrom(0.3, 0.7, 1),
      salt: fc.constant('s'),
      group: fc.constantFrom('entity', 'prediction'),
    }) as fc.Arbitrary<NonNullable<DatasetSpec['sample']>>,
    split: fc.constantFrom<NonNullable<DatasetSpec['split']>>(
      {
        parts: [
          { name: 'train', share: 0.6 },
          { name: 'test', share: 0.4 },
        ],
        salt: '',
        group: 'entity',
      },
      {
        parts: [{ name: 'train', share: 1 }],
        salt: 'x',
        group: 'prediction',
        holdout: { name: 'late', since: startMs + 10 * stepMs },
      },
    ),
  },
  { requiredKeys: ['labels', 'redact'] },
);

/** Of the versions that histories have, and of one that they have not. */
export const anyVersionRules: fc.Arbitrary<readonly VersionRules[]> = fc.subarray([1, 2, 3]).chain((versions) =>
  fc.tuple(
    ...versions.map((version) =>
      fc.record(
        {
          version: fc.constant(version),
          threshold: fc.constantFrom(0.1, 1 / 3, 1e-7),
          features: fc.uniqueArray(name, { maxLength: 3 }),
          defaults: fc.uniqueArray(name, { maxLength: 3 }),
        },
        { requiredKeys: ['version', 'features', 'defaults'] },
      ),
    ),
  ),
);

/** Filters leave little to compare: every other spec has none. */
export const anySpec: fc.Arbitrary<Partial<DatasetSpec>> = fc.oneof(
  narrowSpec,
  narrowSpec.map(({ versions: _, roles: __, since: ___, until: ____, sample: _____, ...wide }) => wide),
);
