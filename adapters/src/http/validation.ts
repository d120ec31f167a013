import type { TObject, TSchema } from '@sinclair/typebox';
import { FormatRegistry } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { ValueError } from '@sinclair/typebox/errors';
import type { FastifySchemaCompiler } from 'fastify';
import { faultText } from './fault-texts.ts';
import { meantFaults } from './meant-faults.ts';
import { type Problem, type ProblemError, problem, problemErrorsMax } from './problem.ts';

const dateTime =
  /^(\d{4})-(0[1-9]|1[0-2])-(\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** A date and time of RFC 3339 that exists in the calendar; not a leap second, which no `Date` can hold. */
export const isDateTime = (text: string): boolean => {
  const match = text.length <= 40 ? dateTime.exec(text) : null;
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Day 0 of the next month is the last one of this: Date.parse would take 30 February for 2 March. The Gregorian
  // calendar repeats after 400 years, which spares the years that Date.UTC takes for those of the last century.
  return day >= 1 && day <= new Date(Date.UTC(2_000 + (year % 400), month, 0)).getUTCDate();
};

FormatRegistry.Set('date-time', isDateTime);

/**
 * Compiles TypeBox schemas into checks. Nothing is removed, filled in or converted, except that texts of the query and
 * the path become the numbers and booleans that their schema names. Faults are collected lazily, up to a bound.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Schemas of headers only document: handlers read their headers by hand.
  if (httpPart === 'headers') return () => true;
  if (httpPart === 'body') {
    const faultOf = bodyFault(schema);
    return (body: unknown) => {
      const error = faultOf(body);
      return error ? { error } : true;
    };
  }
  const check = TypeCompiler.Compile(schema);
  const properties = (schema as TObject).properties ?? {};
  return (given: unknown) => {
    const value = fromTexts(given as Record<string, unknown>, properties);
    if (check.Check(value)) return { value };
    const errors = listed(check.Errors(value), httpPart ?? '');
    return { error: problem('invalid-parameter', summary(errors), { errors }) };
  };
};

/** Says of an object what a schema cannot, whether or not it fits the schema. */
export type FurtherFaults = (body: Readonly<Record<string, unknown>>) => readonly ProblemError[];

/** What is wrong with a body, or with one line of many; undefined where nothing is. */
export const bodyFault = (schema: TSchema): ((body: unknown, further?: FurtherFaults) => Problem | undefined) => {
  const check = TypeCompiler.Compile(schema);
  return (body, further) => {
    const fits = check.Check(body);
    if (!fits && body === null) return problem('malformed-request', 'A JSON body is needed here, and there is none.');
    const errors = fits ? [] : [...listed(check.Errors(body), ''), ...lackedBy(schema, body)];
    const known = new Set(errors.map(({ pointer }) => pointer));
    if (further && isObject(body)) errors.push(...further(body).filter(({ pointer }) => !known.has(pointer)));
    return fits && errors.length === 0 ? undefined : problem('invalid-body', summary(errors), { errors });
  };
};

const isObject = (body: unknown): body is Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

/** What to say where one of several members is needed, and none is there. */
export const oneOfMissing = (names: readonly string[]): ProblemError => ({
  pointer: `/${names[0]}`,
  detail: `One of ${names.join(' and ')} must be given.`,
});

/** `x-one-of` names such members where the schema itself cannot. */
const lackedBy = (schema: TSchema, body: unknown): ProblemError[] => {
  const names = schema['x-one-of'] as readonly string[] | undefined;
  if (!names || !isObject(body)) return [];
  return names.some((name) => Object.hasOwn(body, name)) ? [] : [oneOfMissing(names)];
};

const numeric = /^-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,15})?$/;

const fromTexts = (given: Record<string, unknown>, properties: TObject['properties']): Record<string, unknown> => {
  const value: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    const text = given[name];
    const type: unknown = Object.hasOwn(properties, name) ? properties[name]?.['type'] : undefined;
    if ((type === 'integer' || type === 'number') && typeof text === 'string' && numeric.test(text)) {
      value[name] = Number(text);
    } else if (type === 'boolean' && (text === 'true' || text === 'false')) value[name] = text === 'true';
    else value[name] = text;
  }
  return value;
};

const listed = (faults: Iterable<ValueError>, prefix: string): ProblemError[] => {
  const errors: ProblemError[] = [];
  const seen = new Set<string>();
  for (const fault of meantFaults(faults)) {
    const pointer = prefix === '' ? fault.path : fault.path.slice(1);
    if (seen.has(pointer)) continue;
    seen.add(pointer);
    errors.push({ pointer, detail: faultText(fault, prefix === '' ? 'member' : 'parameter') });
    if (errors.length === problemErrorsMax) break;
  }
  return errors;
};

const summary = (errors: readonly ProblemError[]): string => {
  const first = errors[0];
  if (!first) return 'The request does not fit the schema.';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${first.pointer === '' ? 'The body' : first.pointer}: ${first.detail}${more}`;
};
