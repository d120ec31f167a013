import { describe, expect, it } from 'vitest';
import { parseDurationMs, parseMoment, parseSpanMs, showDuration } from './duration.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['10', 10_000],
  ])('reads %s', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each(['', '-1s', '5 s', 'soon', '1w'])('refuses "%s"', (text) =>
    expect(() => parseDurationMs(text)).toThrow('is not a duration'),
  );

  it.each([
    ['7', 'has no unit'],
    ['0d', 'is no time at all'],
    ['0.0h', 'is no time at all'],
  ])('of labels have a unit and are some time: "%s"', (text, why) =>
    expect(() => parseSpanMs(text)).toThrow(`"${text}" ${why}`),
  );

  it.each([
    [84.4, '84 ms'],
    [12_000, '12 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('shows %d ms', (ms, text) => expect(showDuration(ms)).toBe(text));
});

describe('moments', () => {
  const now = Date.UTC(2026, 0, 2);

  it('are times, or times ago', () => {
    expect(parseMoment('2026-01-01T00:00:00Z', now)).toBe('2026-01-01T00:00:00.000Z');
    expect(parseMoment('24h', now)).toBe('2026-01-01T00:00:00.000Z');
  });

  it.each(['2026-01-01T00:00:00', '2026-01-01 00:00', '2026-01-01t00:00:00.5'])(
    'are no hours of the place where the command happens to run: %s',
    (text) => expect(() => parseMoment(text, now)).toThrow('says no time zone'),
  );
  it('are days in UTC', () => expect(parseMoment('2026-01-01', now)).toBe('2026-01-01T00:00:00.000Z'));

  it('are refused in words', () => expect(() => parseMoment('yesterday', now)).toThrow('is not a time'));
});
