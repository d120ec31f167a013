import { counted, nearNames } from '@hindcast/domain';
import type { TObject, TSchema } from '@sinclair/typebox';
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { formOfText } from './text-forms.ts';

/** Names that one text lists; the description of the API has all. */
const namesMax = 16;

/** What is wrong with one value, in words. `of` says what its object is made of: members of a body, or parameters. */
export const faultText = (fault: ValueError, of: 'member' | 'parameter'): string => {
  switch (fault.type) {
    case ValueErrorType.ObjectAdditionalProperties:
      return unknownName(fault, of);
    case ValueErrorType.ObjectRequiredProperty:
      return `This ${of} is missing.`;
    case ValueErrorType.StringPattern:
      return `Expected ${formOfText(fault.schema)}.`;
    case ValueErrorType.StringFormat:
      return 'Expected a date and time of RFC 3339, such as 2026-03-01T12:00:00Z.';
    case ValueErrorType.StringMinLength:
      return `Expected a text of at least ${counted(fault.schema['minLength'], 'character')}.`;
    case ValueErrorType.StringMaxLength:
      return `Expected a text of at most ${counted(fault.schema['maxLength'], 'character')}.`;
    case ValueErrorType.ArrayMinItems:
      return `Expected at least ${counted(fault.schema['minItems'], 'element')}, not ${lengthOf(fault)}.`;
    case ValueErrorType.ArrayMaxItems:
      return `Expected at most ${counted(fault.schema['maxItems'], 'element')}, not ${lengthOf(fault)}.`;
    case ValueErrorType.IntegerMinimum:
    case ValueErrorType.NumberMinimum:
      return `Expected ${fault.schema['minimum']} or more.`;
    case ValueErrorType.IntegerMaximum:
    case ValueErrorType.NumberMaximum:
      return `Expected ${fault.schema['maximum']} or less.`;
    case ValueErrorType.NumberExclusiveMinimum:
      return `Expected more than ${fault.schema['exclusiveMinimum']}.`;
    case ValueErrorType.NumberExclusiveMaximum:
      return `Expected less than ${fault.schema['exclusiveMaximum']}.`;
    case ValueErrorType.Union:
      return `One of these was expected: ${alternatives(fault.schema)}.`;
    default:
      return `${fault.message}.`;
  }
};

const lengthOf = ({ value }: ValueError): number => (value as readonly unknown[]).length;

/** `x-elsewhere` of a schema says of names that are looked for in it where they are. */
const unknownName = ({ schema, path }: ValueError, of: string): string => {
  const given = path.slice(path.lastIndexOf('/') + 1);
  const elsewhere = schema['x-elsewhere'] as Readonly<Record<string, string>> | undefined;
  const known = Object.keys((schema as TObject).properties);
  const near = nearNames(given, known);
  const said = [`This ${of} is not known here.`];
  if (elsewhere && Object.hasOwn(elsewhere, given)) said.push(elsewhere[given] as string);
  else if (near.length > 0) said.push(`Did you mean ${near.join(' or ')}?`);
  if (known.length > 0)
    said.push(`Known: ${known.slice(0, namesMax).join(', ')}${known.length > namesMax ? ', …' : ''}.`);
  return said.join(' ');
};

const alternatives = (schema: TSchema): string => (schema['anyOf'] as TSchema[]).map(formOf).join(', ');

/** Members of an object that are told; the description of the API has all. */
const membersMax = 8;

/** What to write, in the words of JSON: of an object its members, since "object" tells nobody what to write. */
const formOf = (schema: TSchema): string => {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['anyOf'])) return (schema['anyOf'] as TSchema[]).map(formOf).join(' or ');
  const members = Object.entries((schema as TObject).properties ?? {});
  if (schema['title'] !== undefined || members.length === 0) return String(schema['title'] ?? schema['type']);
  const needed = new Set(schema['required'] as readonly string[] | undefined);
  const told = members.slice(0, membersMax).map(([name, member]) => {
    const optional = needed.has(name) ? '' : ' (optional)';
    return `${JSON.stringify(name)}: ${member['properties'] ? 'object' : formOf(member)}${optional}`;
  });
  return `{${told.join(', ')}${members.length > membersMax ? ', …' : ''}}`;
};
