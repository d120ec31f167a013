import { usage } from './cli-failure.ts';

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a text such as `500ms`, `30s`, `5m`, `2d`; a bare number is seconds. */
export const parseDurationMs = (text: string): number => {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text);
  if (!match) throw usage(`"${text}" is not a duration; write it like 500ms, 30s or 5m.`);
  return Math.ceil(Number(match[1]) * unitsMs[(match[2] ?? 's') as keyof typeof unitsMs]);
};

/**
 * Milliseconds of a span that decides what is counted: a bare number would be so many seconds, and nobody means that of
 * labels that take weeks.
 */
export const parseSpanMs = (text: string): number => {
  if (/^[\d.]+$/.test(text)) throw usage(`"${text}" has no unit: write it like ${text}d or ${text}h.`);
  const ms = parseDurationMs(text);
  if (ms === 0) throw usage(`"${text}" is no time at all: write at least 1ms.`);
  return ms;
};

/** A duration for people: `84 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export const showDuration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 > 0 ? ` ${seconds % 60} s` : ''}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 > 0 ? ` ${minutes % 60} min` : ''}`;
};

/** ISO 8601 text of a moment given as ISO text or as a time ago such as `2h`. */
export const parseMoment = (text: string, now: number): string => {
  const ago = /^\d+(ms|s|m|h|d)$/.test(text);
  if (/^\d{4}-\d\d-\d\d[T ][\d:.]+$/i.test(text))
    throw usage(`"${text}" says no time zone: write ${text}Z for UTC, or ${text}+01:00.`);
  const at = ago ? now - parseDurationMs(text) : Date.parse(text);
  if (Number.isNaN(at))
    throw usage(`"${text}" is not a time; write it like 2026-01-31T12:00:00Z, or 2h for two hours ago.`);
  return new Date(at).toISOString();
};
