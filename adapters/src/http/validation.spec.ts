import { datasetRequestSchema, modelNamePattern } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datasetIdSchema } from './dataset-body.ts';
import { modelReferenceSchema, predictionIdSchema } from './path-parameters.ts';
import { bodyFault, isDateTime, validatorCompiler } from './validation.ts';

describe('a date and time', () => {
  it.each([
    '2026-02-28T00:00:00Z',
    '2024-02-29T23:59:59.123456789+14:00',
    '2000-02-29T00:00:00z',
    '0000-02-29t00:00:00Z',
    '9999-12-31T23:59:59-23:59',
  ])('%s is one', (text) => expect(isDateTime(text)).toBe(true));

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '0001-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00',
    '2026-01-01',
    `2026-01-01T00:00:00.${'0'.repeat(30)}Z`,
  ])('%s is none', (text) => expect(isDateTime(text)).toBe(false));

  it('is one wherever the calendar has it', () => {
    const days = fc.date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(days, (day) => isDateTime(day.toISOString()) && !Number.isNaN(Date.parse(day.toISOString()))),
    );
  });
});

describe('what is said of a value that is none of several', () => {
  const said = (schema: Parameters<typeof bodyFault>[0], body: unknown) => bodyFault(schema)(body)?.message;

  it('is what to write', () => {
    const wish = (more: object) => said(datasetRequestSchema, { model: 'churn', ...more });
    expect(wish({ redact: [{ column: 'entity' }] })).toBe(
      '/redact/0: One of these was expected: {"column": string, "how": "drop"}, {"column": string, "how": "hmac"}, ' +
        '{"column": string, "how": "bucket", "width": number}.',
    );
    expect(wish({ labels: { absent: 'none' } })).toBe(
      '/labels/absent: One of these was expected: "drop", "keep", {"afterMs": integer, "value": string or number or boolean}.',
    );
  });

  it('is what is wrong with the one that it was meant to be', () => {
    const wish = (more: object) => said(datasetRequestSchema, { model: 'churn', ...more });
    const absent = (value: unknown) => wish({ labels: { absent: value } });
    expect(absent({ value: 'no', afterMs: 0 })).toBe('/labels/absent/afterMs: Expected 1 or more.');
    expect(absent({ value: 'no' })).toBe('/labels/absent/afterMs: This member is missing.');
    expect(absent({ value: 'no', afterMs: '90d' })).toBe('/labels/absent/afterMs: Expected integer.');
    expect(absent({ value: null, afterMs: 1 })).toBe(
      '/labels/absent/value: One of these was expected: string, number, boolean.',
    );
    expect(absent({ value: 'x'.repeat(1_025), afterMs: 1 })).toBe(
      '/labels/absent/value: Expected a text of at most 1024 characters.',
    );
    expect(wish({ redact: [{ column: 'input.age', how: 'bucket', width: 0 }] })).toBe(
      '/redact/0/width: Expected more than 0.',
    );
    const several = said(Type.Union([Type.String({ maxLength: 1 }), Type.String({ pattern: '^a' })]), 'bc');
    expect(several).toBe('The body: One of these was expected: string, string.');
  });

  it('is bounded, names what has a name, and tells what may be left out', () => {
    const names = Array.from({ length: 12 }, (_, at) => [`m${at}`, Type.Object({ deep: Type.String() })]);
    const large = Type.Object(Object.fromEntries(names));
    const small = Type.Object({ a: Type.Optional(Type.Number()) });
    const text = said(Type.Union([large, small, Type.Object({ b: Type.Null() }, { title: 'a pair' })]), 7);
    expect(text).toContain('"m7": object, …}, {"a": number (optional)}, a pair.');
    expect(text).not.toContain('m8');
  });
});

describe('what is said of a value that does not fit', () => {
  it.each([
    [Type.String({ pattern: modelNamePattern }), 'Churn!', 'Expected the name of a model: 1 to 64 of a-z, 0-9, '],
    [modelReferenceSchema, 'churn@0', 'such as churn@1.'],
    [predictionIdSchema, ' ', 'Expected an id: 1 to 128 letters, digits, '],
    [datasetIdSchema, 'A', 'Expected 64 hexadecimal digits in lower case.'],
    [Type.String({ pattern: '^[0-9]+d$', examples: ['90d'] }), 'x', 'Expected a text like "90d".'],
    [Type.String({ format: 'date-time' }), 'x', 'Expected a date and time of RFC 3339, such as 2026-'],
    [Type.String({ minLength: 1 }), '', 'Expected a text of at least 1 character.'],
    [Type.String({ maxLength: 2 }), 'xxx', 'Expected a text of at most 2 characters.'],
    [Type.Array(Type.Null(), { minItems: 1 }), [], 'Expected at least 1 element, not 0.'],
    [Type.Array(Type.Null(), { maxItems: 2 }), [null, null, null], 'Expected at most 2 elements, not 3.'],
    [Type.Integer({ minimum: 1 }), 0, 'Expected 1 or more.'],
    [Type.Number({ maximum: 1 }), 2, 'Expected 1 or less.'],
    [Type.Number({ exclusiveMinimum: 0 }), 0, 'Expected more than 0.'],
    [Type.Number({ exclusiveMaximum: 1 }), 1, 'Expected less than 1.'],
  ])('is in words, of %j', (schema, value, text) => {
    const said = bodyFault(Type.Object({ a: schema }))({ a: value })?.message;
    expect(said).toContain(text);
    expect(said).toMatch(/^\/a: Expected /);
  });
});

describe('what is said of a parameter that is not known', () => {
  const saidOf = (names: readonly string[], given: object) => {
    const schema = Type.Object(Object.fromEntries(names.map((name) => [name, Type.Optional(Type.String())])), {
      additionalProperties: false,
    });
    const check = validatorCompiler({ schema, httpPart: 'querystring', method: 'GET', url: '/' });
    return (check(given) as { readonly error?: Error }).error?.message;
  };

  it('is which ones are, and which was meant', () => {
    const unknown = 'This parameter is not known here.';
    expect(saidOf(['limit', 'model'], { limt: '1' })).toBe(`limt: ${unknown} Did you mean limit? Known: limit, model.`);
    expect(saidOf(['limit', 'model'], { foo: '1' })).toBe(`foo: ${unknown} Known: limit, model.`);
    expect(saidOf([], { foo: '1' })).toBe(`foo: ${unknown}`);
  });

  it('is bounded', () => {
    const names = Array.from({ length: 40 }, (_, at) => `parameter${at}`);
    expect(saidOf(names, { foo: '1' })).toMatch(/parameter15, …\.$/);
  });
});
