import {
  type DatasetFormat,
  type DatasetPlan,
  hmacBlocks,
  listColumnsMax,
  notFiniteTexts,
  openedDepth,
  type PlannedColumn,
  type Sha256,
  unknownSha256,
} from '@hindcast/domain';
import { chosenSql, isRequestField, requestField, row, timeSql } from './fold-sql.ts';
import { blob, identifier, pointer, text, texts } from './sql-text.ts';
import { defaultedSql, thresholdSql } from './version-rules-sql.ts';

export interface ColumnSecrets {
  readonly sha256: Sha256;
  readonly redactionKey: string | undefined;
}

const isText = (format: DatasetFormat): boolean => format !== 'parquet';

/** Rows of one split of the partition that is folded, in their order, with the columns of the set. */
export const rowsSql = (
  { spec, cut }: DatasetPlan,
  partition: number,
  columns: readonly PlannedColumn[],
  split: string,
  secrets: ColumnSecrets,
): string => {
  const lists = listsOf(columns);
  const cells = columns.map(
    (column) => `${cellSql(column, lists, spec.format, secrets)} AS ${identifier(column.name)}`,
  );
  const position = `${text(`${cut.epoch}:${partition}:`)} || ro AS position`;
  return `SELECT ${cells.join(',\n  ')} FROM (SELECT *, ${position}${lists.sql} FROM (${chosenSql(spec.model, split)}))`;
};

/** All members of a value are taken out in one reading: texts of values, and JSON where a column is JSON. */
const listsOf = (columns: readonly PlannedColumn[]) => {
  const places = new Map<PlannedColumn, string>();
  const kinds = [
    { name: 'vs', of: 'input', json: false, data: 'v', extract: 'json_extract_string' },
    { name: 'vj', of: 'input', json: true, data: 'v', extract: 'json_extract' },
    { name: 'xs', of: 'context', json: false, data: 'x', extract: 'json_extract_string' },
    { name: 'xj', of: 'context', json: true, data: 'x', extract: 'json_extract' },
    { name: 'es', of: 'output', json: false, data: 'ev', extract: 'json_extract_string' },
    { name: 'ej', of: 'output', json: true, data: 'ev', extract: 'json_extract' },
  ] as const;
  let sql = '';
  for (const { name, of, json, data, extract } of kinds) {
    const mine = columns.filter((column) => column.path && column.role === of && (column.type === 'json') === json);
    if (mine.length === 0) continue;
    for (const [at, column] of mine.entries()) places.set(column, `${name}[${at + 1}]`);
    sql += `, ${extract}(${data}, ${texts(mine.map((column) => pointer(column.path ?? [])))}) AS ${name}`;
  }
  return { sql, place: (column: PlannedColumn) => places.get(column) ?? 'NULL' };
};

const cellSql = (
  column: PlannedColumn,
  lists: ReturnType<typeof listsOf>,
  format: DatasetFormat,
  secrets: ColumnSecrets,
): string => {
  const raw = column.path ? scalarSql(column, lists.place(column)) : plainSql(column, format);
  const { redaction, type } = column;
  if (redaction?.how === 'hmac') return hmacSql(raw, secrets);
  if (!column.path) return raw;
  if (type === 'number') {
    const number = redaction ? `floor(${raw}::DOUBLE / ${redaction.width}) * ${redaction.width}` : `${raw}::DOUBLE`;
    return column.role === 'output' ? outputNumberSql(number, raw, format) : number;
  }
  if (type === 'boolean') return `${raw}::BOOLEAN`;
  // JSON null in a list of JSON is a value of its own.
  return type === 'json' ? `nullif(${raw}::VARCHAR, 'null')` : raw;
};

/** JSON has no number that is not finite, and CSV the name that outputs have for it. */
const outputNumberSql = (number: string, raw: string, format: DatasetFormat): string => {
  if (format === 'parquet') return number;
  if (format === 'ndjson') return `CASE WHEN isfinite(${number}) THEN ${number} END`;
  return `CASE WHEN list_contains(${texts(notFiniteTexts)}, ${raw}) THEN ${raw} ELSE (${number})::VARCHAR END`;
};

const dataOf = { input: 'v', context: 'x', output: 'ev' } as const;

/** What is opened into columns is nothing in the column of its whole: its text would be taken for a value. */
const scalarSql = ({ path = [], role, type }: PlannedColumn, place: string): string => {
  const isOpened = role in dataOf && path.length < openedDepth[role as keyof typeof dataOf];
  if (!isOpened || (type === 'json' && path.length > 0)) return place;
  const data = dataOf[role as keyof typeof dataOf];
  const kind = `json_type(${data}, ${text(pointer(path))})`;
  // With members, an object would have made the column one of JSON, or taken its place.
  if (path.length > 0) return `CASE WHEN ${place} = '{}' AND ${kind} = 'OBJECT' THEN NULL ELSE ${place} END`;
  const isShortList = `${kind} = 'ARRAY' AND json_array_length(${data}) BETWEEN 1 AND ${listColumnsMax}`;
  const opened = [`${kind} = 'OBJECT'`, ...(role === 'input' ? [isShortList] : [])];
  return `CASE WHEN ${opened.join(' OR ')} THEN NULL ELSE ${place} END`;
};

const hmacSql = (value: string, { redactionKey, sha256 }: ColumnSecrets): string => {
  if (redactionKey === undefined) throw new Error('There is no key for hmac.');
  const { inner, outer } = hmacBlocks(redactionKey, sha256);
  return `sha256(${blob(outer)} || unhex(sha256(${blob(inner)} || encode(${value}))))`;
};

const isoSql = (time: string, fraction: '%g' | '%f'): string => `strftime(${time}, '%Y-%m-%dT%H:%M:%S.${fraction}Z')`;
const timeOfMs = (ms: string, format: DatasetFormat): string =>
  isText(format) ? isoSql(`make_timestamp(${ms} * 1000)`, '%g') : `make_timestamptz(${ms} * 1000)`;
const timeOfText = (value: string, format: DatasetFormat): string => {
  const time = timeSql(value);
  return isText(format) ? isoSql(`${time} AT TIME ZONE 'UTC'`, '%f') : time;
};

const plainSql = ({ name, type, thresholds, feature }: PlannedColumn, format: DatasetFormat): string => {
  if (thresholds) return thresholdSql(thresholds);
  if (feature) return defaultedSql(feature);
  switch (name) {
    case 'predictionId':
      return row.predictionId;
    case 'tenant':
      return row.tenant;
    case 'position':
    case 'split':
      return name;
    case 'eventTime':
      return timeOfText(requestField('eventTime'), format);
    case 'madeAt':
      return timeOfMs('mt', format);
    case 'acceptedAt':
      return timeOfMs('rt', format);
    case 'completedAt':
      return timeOfMs('et', format);
    case 'version':
      return `${requestField('version')}::BIGINT`;
    case 'sha256':
      return `nullif(${requestField('sha256')}, ${text(unknownSha256)})`;
    case 'share':
      return `${requestField('share')}::DOUBLE`;
    case 'runtime':
      return 'runtime';
    case 'label':
      return labelSql(type);
    case 'labelOccurredAt':
      return timeOfText('label.occurredAt', format);
    case 'labelRecordedAt':
      return timeOfMs('label.at', format);
    case 'labelSource':
      return `CASE lk WHEN 'assumed' THEN 'absent' ELSE label.source END`;
    case 'labelRevision':
      return 'label.revision';
    case 'labelWeight':
      return `CASE WHEN lk <> 'none' THEN coalesce(label.weight::DOUBLE, 1) END`;
    default: {
      if (!isRequestField(name)) throw new Error(`No row has a column ${name}.`);
      return requestField(name);
    }
  }
};

const labelSql = (type: PlannedColumn['type']): string => {
  if (type === 'number') return 'lv::DOUBLE';
  if (type === 'boolean') return 'lv::BOOLEAN';
  return `json_extract_string(lv, '$')`;
};
