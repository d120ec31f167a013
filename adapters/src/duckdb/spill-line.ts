import {
  type ArtifactStore,
  type DomainEvent,
  decode,
  type EventType,
  inlinePayload,
  type RecordedRecord,
  schemaVersions,
  withNamedInput,
} from '@hindcast/domain';
import { plainText } from './json-text.ts';
import { columnsOf, isPlain, noAnswer, noRequest, type ReadingRules, readColumns } from './spill-columns.ts';
import type { SpillFile } from './spill-file.ts';

/**
 * A record as DuckDB reads it: offset, log time, code, key, event id, of an answer the event that it answers, and then what
 * `spillColumns` names for its code, with tabs between. JSON text as the log has it knows no tab and no end of line.
 */
export type SpillCode = keyof typeof spillCodes;
export const spillCodes = {
  R: 'a request of the model',
  r: 'a request of another model, without its data',
  S: 'succeeded',
  F: 'failed',
  C: 'canceled',
  E: 'expired',
  A: 'an attempt',
  L: 'a label',
  V: 'says that it is a request, and cannot be read',
  U: 'anything else that cannot be read',
} as const;

const codes = {
  PredictionRequested: 'R',
  PredictionSucceeded: 'S',
  PredictionFailed: 'F',
  PredictionCanceled: 'C',
  PredictionExpired: 'E',
  PredictionAttemptStarted: 'A',
  PredictionLabeled: 'L',
} as const satisfies Partial<Record<EventType, SpillCode>>;
const codeOf = (type: EventType): SpillCode | undefined => (codes as Partial<Record<EventType, SpillCode>>)[type];
export interface SpillOptions extends ReadingRules {
  readonly artifacts: Pick<ArtifactStore, 'get'>;
  /** Reads every record as `decode` does. Without it the head of an envelope is looked at, and its data is passed on unread. */
  readonly careful: boolean;
  /** Requests lie apart from what answers them. */
  readonly files: { readonly requests: Pick<SpillFile, 'add'>; readonly answers: Pick<SpillFile, 'add'> };
}

/** The head of an envelope as `makeEvent` writes it, with ids that need no escape. Anything else is read with care. */
const head = new RegExp(
  String.raw`^\{"specversion":"1\.0","id":"(${plainText}+)","source":"${plainText}*","type":"([A-Za-z]+)",` +
    String.raw`"dataschema":"urn:hindcast:schema:\2:(\d+)","datacontenttype":"application/json","time":"${plainText}*",` +
    `"subject":"${plainText}*","tenant":"${plainText}*","partitionkey":"(${plainText}+)"(?:,"correlationid":"${plainText}*")?` +
    String.raw`(?:,"causationid":"(${plainText}+)?")?(?:,"traceparent":"${plainText}*")?,"data":(?=\{)`,
);
/** Adds a line unless a data set has nothing to do with the record. A promise only where a payload has to be fetched. */
export const spillRecord = (record: RecordedRecord, options: SpillOptions): void | Promise<void> => {
  if (options.careful) return spillWithCare(record, options);
  const { value, key } = record;
  const found = head.exec(value);
  if (!found) return spillWithCare(record, options);
  const [{ length }, id = '', type = '', version, partitionKey, cause = ''] = found;
  if (partitionKey !== key) return spillWithCare(record, options);
  const known = passedOn.find((one) => one.type === type);
  if (known === undefined || version !== known.version) return spillWithCare(record, options);
  // Nobody would see that the data is broken of which nothing is passed on.
  const columns = readColumns(known.code, value, length, options);
  if (columns === undefined) return spillWithCare(record, options);
  addLine(options, record, known.code, key, id, cause, columns, false);
};

/** What is passed on unread, and in which version. Looked for one by one: a name that was just cut out is slow to look up. */
const passedOn = (['PredictionRequested', 'PredictionSucceeded', 'PredictionLabeled'] as const).map((type) => ({
  ...{ type, code: codes[type] },
  version: String(schemaVersions[type] ?? 1),
}));

const spillWithCare = (record: RecordedRecord, options: SpillOptions): void | Promise<void> => {
  const decoded = decode(record);
  if (!decoded.ok) {
    const code = record.headers['type'] === 'PredictionRequested' ? 'V' : 'U';
    return addLine(options, record, code, plain(record.key), '', '', noAnswer, false);
  }
  const { event } = decoded;
  const code = codeOf(event.type);
  if (code === undefined) return;
  if (!hasRef(event, options.model)) return addEvent(options, record, code, event);
  return inlinePayload(event, options.artifacts).then((whole) => addEvent(options, record, code, whole));
};

const hasRef = (event: DomainEvent, model: string): boolean => {
  if (event.type === 'PredictionRequested') return event.data.inputRef !== undefined && event.data.model === model;
  return event.type === 'PredictionSucceeded' && event.data.outputRef !== undefined;
};

const addEvent = (options: SpillOptions, record: RecordedRecord, code: SpillCode, event: DomainEvent): void => {
  const isRequest = event.type === 'PredictionRequested';
  const isOther = isRequest && event.data.model !== options.model;
  const [id, cause] = [plain(event.id), plain(event.causationid ?? '')];
  const columns = isOther ? noRequest : columnsOf(isRequest ? withNamedInput(event, options.versions) : event);
  const isQuoted = columns.startsWith('"') || columns.includes('\t"');
  addLine(options, record, isOther ? 'r' : code, plain(record.key), id, cause, columns, isQuoted);
};

/** An id that could be taken for more than a field is compared in its JSON form, which no other id has. */
const plain = (id: string): string => (id === '' || isPlain(id) ? id : JSON.stringify(id));

const addLine = (
  { files }: SpillOptions,
  { offset, appendedAt }: RecordedRecord,
  code: SpillCode,
  key: string,
  id: string,
  cause: string,
  columns: string,
  isQuoted: boolean,
): void => {
  const head = `${offset}\t${appendedAt}\t${code}\t${key}\t${id}\t`;
  if (code === 'R' || code === 'r') files.requests.add(`${head}${columns}\n`, isQuoted);
  else files.answers.add(`${head}${cause}\t${columns}\n`, isQuoted);
};
