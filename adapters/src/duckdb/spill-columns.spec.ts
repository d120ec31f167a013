import { type DomainEvent, encode } from '@hindcast/domain';
import {
  anImportedPrediction,
  aPredictionCanceled,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonForms } from './json-forms.ts';
import { columnsOf, noAnswer, readColumns } from './spill-columns.ts';

const codes: Readonly<Record<string, string>> = {
  PredictionRequested: 'R',
  PredictionSucceeded: 'S',
  PredictionLabeled: 'L',
};
/** Without their form, which an event that is parsed has not. */
const read = ({ type }: DomainEvent, value: string): string | undefined => {
  const forms = { input: createJsonForms(), output: createJsonForms() };
  const rules = { model: 'churn', versions: [], forms };
  const columns = readColumns(codes[type] ?? '', value, value.indexOf('"data":') + '"data":'.length, rules);
  return columns?.replace(/\d*$/, '');
};

const json = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue()));
const text = fc.oneof(fc.constantFrom('', 'anna', 'ä ö', '"', 'a\tb', '\\', '{', ']'), fc.string());
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const anEvent: fc.Arbitrary<DomainEvent> = fc.oneof(
  fc
    .record(
      {
        ...{ input: json, share: number, entity: text, referenceId: text, eventTime: text },
        ...{ context: fc.dictionary(text, json), batchId: text },
      },
      { requiredKeys: ['input'] },
    )
    .map((data) => aPredictionRequested(data)),
  json.map((output) => aPredictionSucceeded({ output })),
  fc
    .record(
      { value: fc.oneof(text, number, fc.constantFrom(null, true)), occurredAt: text, source: text, weight: number },
      { requiredKeys: ['value'] },
    )
    .map((data) => aPredictionLabeled(data)),
);

describe('columns of data that is not parsed', () => {
  it('are those of the event that it says', () => {
    fc.assert(
      fc.property(anEvent, (event) => {
        const columns = read(event, encode(event).value);
        if (columns !== undefined) expect(columns).toBe(columnsOf(event));
      }),
    );
  });

  it('are found in all that this program writes', () => {
    const facts = { share: 0.5, entity: 'anna', referenceId: 'r', eventTime: '2024-01-01T00:00:00Z' };
    const events = [
      aPredictionRequested(),
      aPredictionRequested({
        input: { text: 'a "b" \\ }', list: [1, [2]] },
        ...facts,
        context: { shop: 1 },
        batchId: 'b',
        batchIndex: 0,
      }),
      ...anImportedPrediction(),
      aPredictionSucceeded(),
      aPredictionLabeled(),
      aPredictionLabeled({ value: 'yes', occurredAt: '2024-01-01T00:00:00Z', source: 'shop', weight: 0.5 }),
    ];
    for (const event of events) expect(read(event, encode(event).value)).toBe(columnsOf(event));
  });

  it('are not made up where an event is cut off, put differently, or another', () => {
    const event = aPredictionRequested({ entity: 'anna' });
    const { value } = encode(event);
    for (let length = value.indexOf('"data":'); length < value.length; length++) {
      expect(read(event, value.slice(0, length))).toBeUndefined();
      if (length < value.length - 1) expect(read(event, `${value.slice(0, length)}}`)).toBeUndefined();
    }
    const others = [
      value.replace('"anna"', '"an\u0001na"'),
      value.replace('"anna"', '"an\\u0061"'),
      value.replace('{"age":41}', '{"age":\n41}'),
      value.replace('{"age":41}', '{"a\tge":41}'),
      value.replace('60000', '060000'),
      value.replace('"champion"', 'champion'),
      encode(aPredictionRequested({ model: 'fraud' })).value,
    ];
    for (const other of others) {
      expect(other).not.toBe(value);
      expect(read(event, other)).toBeUndefined();
    }
    expect(columnsOf(aPredictionCanceled())).toBe(noAnswer);
  });
});
