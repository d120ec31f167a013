import { isDateTime, problem } from '@hindcast/adapters/http';
import { cutLog, type LogCut } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import type { CommandContext } from './command-ports.ts';

/** Lists of positions of all partitions of a large log. */
const positionsCharsMax = 16_384;
const positions = (description: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: positionsCharsMax,
      description,
      examples: ['0:0:117,0:1:98,0:2:121,0:3:104'],
    }),
  );
const time = (description: string) =>
  Type.Optional(Type.String({ maxLength: 40, description, examples: ['2026-01-31T00:00:00Z'] }));

/** Which stretch of the log a request is about. */
export const cutProperties = {
  from: positions('Positions to begin at; partitions that are not named are read from their start'),
  to: positions('Positions to end before, of every partition; default: the present end of the log'),
  since: time(
    'Instead: what the log stored at or after this time. Imports were stored when they were imported, whenever they were made',
  ),
  until: time('Instead: what the log stored before this time, by the same time'),
} as const;
const wishSchema = Type.Object(cutProperties);

/**
 * The stretch that is meant, as positions: the same wish is another stretch when the log has grown, unless it names an end.
 * @throws Problem `invalid-body`
 */
export const wishedCut = async (
  { ports }: Pick<CommandContext, 'ports'>,
  { from, to, since, until }: Static<typeof wishSchema>,
): Promise<LogCut> => {
  const made = await cutLog(ports.log, { from, to, since: timeOf('since', since), until: timeOf('until', until) });
  if (made.ok) return made.cut;
  throw problem('invalid-body', made.refusal.detail);
};

const timeOf = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (isDateTime(text)) return Date.parse(text.toUpperCase());
  const detail = 'Expected RFC 3339 date and time.';
  throw problem('invalid-body', `${name} is no time.`, { errors: [{ pointer: `/${name}`, detail }] });
};
