import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Extracted } from '../datasets/dataset-extractor.ts';
import type { DatasetSpec } from '../datasets/dataset-spec.ts';
import { unknownSha256 } from '../prediction-events.ts';
import { planOf } from '../testing/dataset-histories.ts';
import {
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '../testing/prediction-event-builders.ts';
import { type Extraction, redactionKey } from './dataset-extractor-under-test.ts';

/** What stands in columns, and what must not. */
export const datasetColumnsContract = ({ extract, filesOf, rowsOf, one }: Extraction): void => {
  it('drops, hashes and rounds what is personal', async () => {
    const records = one(
      aPredictionRequested({ entity: 'anna', input: { age: 41, name: 'Anna', zip: 'x' } }),
      aPredictionSucceeded(),
    );
    const redact = [
      { column: 'input.name', how: 'drop' },
      { column: 'input.zip', how: 'hmac' },
      { column: 'entity', how: 'hmac' },
      { column: 'input.age', how: 'bucket', width: 10 },
    ] as const;
    const [file] = await filesOf(await extract(planOf(records, { redact: [...redact] }), records));
    expect(file?.text).not.toMatch(/anna|name/i);
    const hmac = (text: string) => createHmac('sha256', redactionKey).update(text).digest('hex');
    expect(JSON.parse(file?.text ?? '')).toMatchObject({
      entity: hmac('anna'),
      'input.zip': hmac('x'),
      'input.age': 40,
    });
    const typo = planOf(records, { redact: [{ column: 'input.nam', how: 'drop' }] });
    await expect(extract(typo, records)).rejects.toMatchObject({ code: 'invalid_columns' });
  });

  it('knows values of lists by the names of their features, and redacts them there too', async () => {
    const inputs = [{ age: 41, name: 'Anna' }, [42.5, 'Bert'], '[', [7]] as const;
    const events = inputs.flatMap((input, at) => [
      aPredictionRequested({ input, version: Math.max(1, at), id: `p-${at}`, eventId: `r-${at}` }),
      aPredictionSucceeded({ id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
    ]);
    const versions = [
      { version: 1, features: ['age', 'name'], defaults: [] },
      ...[2, 3].map((version) => ({ version, features: ['name'], defaults: [] })),
    ];
    const records = one(...events);
    const redact = [{ column: 'input.age', how: 'bucket', width: 10 } as const];
    const extracted = await extract(planOf(records, { redact }), records, undefined, versions);
    const inputsIn = ({ columns }: Extracted) =>
      columns.filter(({ role }) => role === 'input').map(({ name: column }) => column);
    expect(inputsIn(extracted)).toEqual(['input.age', 'input.name']);
    const [all] = await rowsOf(extracted);
    expect(all?.rows.map((row) => [row['input.age'], row['input.name']])).toEqual([
      [40, { json: 'Anna' }],
      [40, { json: 'Bert' }],
      [null, { json: '[' }],
      [null, { json: 7 }],
    ]);
    const drop = planOf(records, { redact: [{ column: 'input.name', how: 'drop' }] });
    const [file] = await filesOf(await extract(drop, records, undefined, versions));
    expect(file?.text).not.toMatch(/Anna|Bert/);
  });

  it.each<[string, unknown]>([
    ['a list', [41, 'Bert']],
    ['a list of places like names', ['Bert']],
    ['a long list', Array.from({ length: 257 }, () => 'Bert')],
    ['a single value', 'Bert'],
  ])('fails to redact what stands under a name in one row, and where nobody knows in %s', async (_, input) => {
    const events = [{ name: 'Anna', '0': 'Anna' }, input].flatMap((sent, at) => [
      aPredictionRequested({ role: 'imported', input: sent, id: `p-${at}`, eventId: `r-${at}` }),
      aPredictionSucceeded({ id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
    ]);
    const records = one(...events);
    const versions = [{ version: 1, features: ['age', 'name'], defaults: [] }];
    const cut = (spec: Partial<DatasetSpec>) => extract(planOf(records, spec), records, undefined, versions);
    for (const column of ['input.name', 'input.0'])
      for (const how of ['drop', 'hmac'] as const)
        await expect(cut({ redact: [{ column, how }] })).rejects.toMatchObject({
          code: 'invalid_columns',
          message: expect.stringContaining(`redacted in ${column} may stand in other columns`),
        });
    const inputs = ['name'];
    const [file] = await filesOf(await cut({ inputs, redact: [{ column: 'input.name', how: 'drop' }] }));
    expect(file?.text).not.toMatch(/Anna|Bert/);
    await (await cut({ redact: [{ column: 'entity', how: 'hmac' }] })).discard();
  });

  it.each<[string, unknown]>([
    ['a list', ['Bert']],
    ['a single value', 'Bert'],
  ])('fails to redact a member of outputs of which one is %s', async (_, output) => {
    const events = [{ name: 'Anna' }, output].flatMap((said, at) => [
      aPredictionRequested({ id: `p-${at}`, eventId: `r-${at}` }),
      aPredictionSucceeded({ output: said, id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
    ]);
    const records = one(...events);
    const redact = [{ column: 'output.name', how: 'drop' as const }];
    await expect(extract(planOf(records, { redact }), records)).rejects.toMatchObject({
      code: 'invalid_columns',
      message: expect.stringContaining('redacted in output.name may stand in other columns'),
    });
  });

  it('knows numbers that JSON has not from texts, in outputs, and leaves the others numbers', async () => {
    const outputs = [
      { some: 15, none: 'NaN', text: 'yes', mixed: true, scores: { a: 0.5 } },
      { some: 'NaN', none: 'NaN', text: 'NaN', mixed: 'NaN', scores: { a: '-Infinity' } },
      { some: null, none: 'Infinity', text: null, mixed: null, scores: { a: 1 } },
    ];
    const events = outputs.flatMap((output, at) => [
      // What another model answers says nothing of these.
      aPredictionRequested({ model: 'fraud', id: `f-${at}`, eventId: `fr-${at}` }),
      aPredictionSucceeded({
        ...{ id: `f-${at}`, eventId: `fs-${at}`, cause: `fr-${at}` },
        output: { some: 'no', none: 'no', text: 'no', mixed: 'no', scores: { a: 'no' } },
      }),
      aPredictionRequested({ input: { code: 'NaN', age: 1 }, id: `p-${at}`, eventId: `r-${at}` }),
      aPredictionSucceeded({ output, id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
    ]);
    const records = one(...events);
    const redact = [{ column: 'output.some', how: 'bucket', width: 10 } as const];
    const extracted = await extract(planOf(records, { redact }), records);
    const names = ['input.code', 'output.some', 'output.none', 'output.text', 'output.mixed', 'output.scores.a'];
    const types = new Map(extracted.columns.map(({ name: column, type }) => [column, type]));
    expect(names.map((column) => types.get(column))).toEqual([
      'string',
      'number',
      'number',
      'string',
      'json',
      'number',
    ]);
    const [all] = await rowsOf(extracted);
    expect(all?.rows.map((row) => names.map((column) => row[column]))).toEqual([
      ['NaN', 10, null, 'yes', { json: true }, 0.5],
      ['NaN', null, null, 'NaN', { json: 'NaN' }, null],
      ['NaN', null, null, null, null, 1],
    ]);
    const [csv] = await filesOf(await extract(planOf(records, { redact, format: 'csv' }), records));
    const [header = '', ...lines] = (csv?.text ?? '').trimEnd().split('\n');
    const cells = (column: string) => lines.map((line) => line.split(',')[header.split(',').indexOf(column)]);
    expect(cells('output.some').slice(1)).toEqual(['NaN', '']);
    expect(cells('output.none')).toEqual(['NaN', 'NaN', 'Infinity']);
    expect(cells('output.scores.a')[1]).toBe('-Infinity');
  });

  it('keeps the microseconds of times that were told', async () => {
    const records = one(
      aPredictionRequested({ eventTime: '2026-03-01T12:00:00.123456789+02:00' }),
      aPredictionSucceeded(),
      aPredictionLabeled({ value: 'yes', occurredAt: '2026-03-02T12:00:00.5Z' }),
    );
    for (const format of ['ndjson', 'csv'] as const) {
      const [file] = await filesOf(await extract(planOf(records, { format }), records));
      expect(file?.text).toContain('2026-03-01T10:00:00.123456Z');
      expect(file?.text).toContain('2026-03-02T12:00:00.500000Z');
    }
  });

  it('says when a row was made, which threshold decided, and which features a default was taken for', async () => {
    const rows = [
      { role: 'champion', version: 1, input: { age: null, 'd"e/~': 'x' } },
      { role: 'champion', version: 2, input: { age: 3 } },
      { role: 'pinned', version: 2, input: [1, null] },
      { role: 'pinned', version: 2, input: [1, 2] },
      {
        role: 'imported',
        version: 2,
        input: {},
        imported: { source: 'before', at: '2023-01-01T00:00:00Z' },
        sha256: unknownSha256,
      },
    ] as const;
    const events = rows.flatMap((row, at) => [
      aPredictionRequested({ ...row, input: row.input, id: `p-${at}`, eventId: `r-${at}` }),
      aPredictionSucceeded({ id: `p-${at}`, eventId: `s-${at}`, cause: `r-${at}` }),
    ]);
    const versions = [
      { version: 1, threshold: 0.1, features: ['age'], defaults: ['age'] },
      { version: 2, threshold: 0.7, features: ['age', 'd"e/~'], defaults: ['d"e/~'] },
      { version: 3, threshold: 0.9, features: ['never ran'], defaults: ['never ran'] },
    ];
    const records = one(...events);
    const extracted = await extract(planOf(records), records, undefined, versions);
    const [all] = await rowsOf(extracted);
    expect(all?.rows.map((row) => [row['threshold'], row['defaulted.age'], row['defaulted.d"e/~']])).toEqual([
      [0.1, true, false],
      [0.7, false, true],
      [0.7, false, true],
      [0.7, false, false],
      [null, null, null],
    ]);
    expect(all?.rows.map((row) => row['sha256'] === null)).toEqual([false, false, false, false, true]);
    const isMadeWhenAccepted = all?.rows.map((row) => row['madeAt'] === row['acceptedAt']);
    expect(isMadeWhenAccepted).toEqual([true, true, true, true, false]);
    expect(all?.rows.at(-1)?.['madeAt']).toBe('2023-01-01T00:00:00.000Z');
    expect(extracted.columns.filter(({ role }) => role === 'defaulted').map(({ type }) => type)).toEqual([
      'boolean',
      'boolean',
    ]);
  });
};
