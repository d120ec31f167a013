import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDateTime } from './validation.ts';

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
