import { isDateTime, problem } from '@hindcast/adapters/http';
import { Type } from '@sinclair/typebox';

export const timeParameter = (description: string) =>
  Type.Optional(
    Type.String({
      maxLength: 40,
      description: `${description}. RFC 3339, or milliseconds since 1970`,
      examples: ['2026-01-31T00:00:00Z'],
    }),
  );

/** Milliseconds since 1970. */
export const timeOf = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  // In a query an unescaped plus sign reads as a space; no valid time has one there.
  const time = text.replace(' ', '+');
  if (isDateTime(time)) return Date.parse(time.toUpperCase());
  throw problem('invalid-parameter', `${name} is no time.`, {
    errors: [{ pointer: name, detail: 'Expected RFC 3339 date and time, or milliseconds since 1970.' }],
  });
};
