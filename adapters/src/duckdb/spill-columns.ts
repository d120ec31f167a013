/// <reference lib="es2024.string" />
import { type DomainEvent, namedInput, type PredictionRequested, type VersionRules } from '@hindcast/domain';
import type { JsonForms } from './json-forms.ts';
import { jsonEnd, number, plainText } from './json-text.ts';

/** What rows are made of, in the order of their columns: texts, one that has none being empty. */
export const spillColumns = {
  R: ['version', 'sha256', 'role', 'share', 'entity', 'referenceId', 'eventTime', 'importedAt'],
  S: ['runtime'],
  L: ['occurredAt', 'source', 'weight'],
} as const;
/**
 * Texts of a request, and of what answers it. Behind them stand the input and the context of a request, an output, or the
 * value of a label, as JSON. The last column is the form of an input or output, where it has one.
 */
export const textColumns = { requests: 8, answers: 3 } as const;

const afterRuntime = '\t'.repeat(textColumns.answers - spillColumns.S.length);
export const noRequest = '\t'.repeat(textColumns.requests + 2);
export const noAnswer = '\t'.repeat(textColumns.answers + 1);

export interface SpillForms {
  readonly input: JsonForms;
  readonly output: JsonForms;
}

export interface ReadingRules {
  readonly model: string;
  /** Say under which names the values of lists stand. */
  readonly versions: readonly VersionRules[];
  readonly forms: SpillForms;
}

const flat = `"[A-Za-z]+":(?:"${plainText}*"|${number})`;
const optional = (name: string): string => `(?:,"${name}":"(${plainText}+)")?`;

// Data as this program writes it, of requests and of imports; what is put differently, or has escapes in its texts, is parsed.
const requestHead = new RegExp(
  String.raw`\{"model":"(${plainText}+)","version":(\d+),"sha256":"(${plainText}+)","pool":"${plainText}*","role":"([a-z]+)"` +
    `(?:,"requestHash":"${plainText}*","priority":"[a-z]+","deadlineMs":${number})?,"input":`,
  'y',
);
const requestTail = new RegExp(
  `(?:,"requestHash":"${plainText}*")?(?:,"share":(${number}))?` +
    String.raw`${optional('entity')}${optional('referenceId')}${optional('eventTime')}(,"context":(?=\{))?`,
  'y',
);
const requestEnd = new RegExp(
  `(?:,"(?:batch[A-Za-z]+|priority|deadlineMs)":(?:"${plainText}*"|${number}))*` +
    String.raw`(?:,"imported":\{"source":"${plainText}*","at":"(${plainText}+)"\})?\}\}$`,
  'y',
);
const successHead = '{"output":';
const successTail = new RegExp(
  String.raw`(?:,"provenance":\{"sha256":"${plainText}*","runtime":"(${plainText}+)"(?:,${flat})*\})?` +
    String.raw`(?:,"queuedMs":${number})?(?:,"inferenceMs":${number})?\}\}$`,
  'y',
);
const label = new RegExp(
  String.raw`\{"value":("${plainText}*"|${number}|true|false|null)${optional('occurredAt')}${optional('source')}(?:,"weight":(${number}))?\}\}$`,
  'y',
);

const execAt = (pattern: RegExp, value: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(value);
};

/** The columns of data that stands at the end of an envelope; JSON is passed on unread. undefined where it is put differently. */
export const readColumns = (code: string, value: string, at: number, rules: ReadingRules): string | undefined => {
  if (code === 'R') return readRequest(value, at, rules);
  if (code === 'S') return readSuccess(value, at, rules.forms.output);
  const found = code === 'L' ? execAt(label, value, at) : null;
  if (!found) return undefined;
  const [, json = '', occurredAt = '', source = '', weight = ''] = found;
  return `${occurredAt}\t${source}\t${weight}\t${json}\t`;
};

const readRequest = (
  value: string,
  at: number,
  { model: wanted, versions, forms: { input: forms } }: ReadingRules,
): string | undefined => {
  const found = execAt(requestHead, value, at);
  if (!found) return undefined;
  const [{ length }, model, version = '', sha256 = '', role = ''] = found;
  const end = model === wanted ? forms.end(value, at + length) : -1;
  if (end < 0) return undefined;
  const tail = execAt(requestTail, value, end);
  if (!tail) return undefined;
  const [told, share = '', entity = '', referenceId = '', eventTime = '', context] = tail;
  const tailEnd = end + told.length;
  const contextEnd = context === undefined ? tailEnd : jsonEnd(value, tailEnd);
  const last = contextEnd < 0 ? null : execAt(requestEnd, value, contextEnd);
  if (!last) return undefined;
  const [, importedAt = ''] = last;
  const texts = `${version}\t${sha256}\t${role}\t${share}\t${entity}\t${referenceId}\t${eventTime}\t${importedAt}`;
  const sent = value.slice(at + length, end);
  const input = sent.startsWith('{') ? sent : named(sent, Number(version), role, versions);
  if (input !== sent && forms.end(input, 0) < 0) return undefined;
  return `${texts}\t${input}\t${value.slice(tailEnd, contextEnd)}\t${forms.last()}`;
};

/** JSON that is no object, as the object that it stands for, if it is JSON and stands for one. */
const named = (sent: string, version: number, role: string, versions: readonly VersionRules[]): string => {
  try {
    const input: unknown = JSON.parse(sent);
    const object = namedInput({ version, role: role as PredictionRequested['data']['role'], input }, versions);
    return object === input ? sent : json(object);
  } catch {
    return sent;
  }
};

const readSuccess = (value: string, at: number, forms: JsonForms): string | undefined => {
  if (!value.startsWith(successHead, at)) return undefined;
  const start = at + successHead.length;
  const end = forms.end(value, start);
  const tail = end < 0 ? null : execAt(successTail, value, end);
  return tail ? `${tail[1] ?? ''}\t${afterRuntime}${value.slice(start, end)}\t${forms.last()}` : undefined;
};

/** The same columns of an event that was parsed. */
export const columnsOf = (event: DomainEvent): string => {
  if (event.type === 'PredictionRequested') {
    const { version, sha256, role, share, entity, referenceId, eventTime, imported, input, context } = event.data;
    const texts = [version, sha256, role, share, entity, referenceId, eventTime, imported?.at]
      .map(textColumn)
      .join('\t');
    return `${texts}\t${json(input)}\t${json(context)}\t`;
  }
  if (event.type === 'PredictionSucceeded')
    return `${textColumn(event.data.provenance?.runtime)}\t${afterRuntime}${json(event.data.output)}\t`;
  if (event.type !== 'PredictionLabeled') return noAnswer;
  const { value, occurredAt, source, weight } = event.data;
  return `${[occurredAt, source, weight].map(textColumn).join('\t')}\t${json(value)}\t`;
};

/** What is no Unicode is none in a row either: half of a pair becomes U+FFFD. */
const wellFormed = (_: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);
const json = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value, wellFormed));

const plain = new RegExp(`^${plainText}+$`);
export const isPlain = (text: string): boolean => plain.test(text);

/** A text that would not be read as it stands is put as JSON, which begins with a quote as no other text does. */
const textColumn = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' && isPlain(value) ? value.toWellFormed() : json(value);
};
