import { type DatasetSpec, groupDigits, groupSeed, shareBound, splitBounds, wholeSplit } from '@hindcast/domain';
import { spillColumns, textColumns } from './spill-columns.ts';
import type { SpilledLines, SpilledPiece } from './spill-partition.ts';
import { identifier, text } from './sql-text.ts';

const requestNames = ['model', ...spillColumns.R] as const;
/** Fields of a request that every row has. */
export const requestField = (name: (typeof requestNames)[number]): string => identifier(name);
export const isRequestField = (name: string): name is (typeof requestNames)[number] =>
  (requestNames as readonly string[]).includes(name);
/** The columns of a spilled record of this code, under their names. */
export const columnsOf = (code: keyof typeof spillColumns): string =>
  spillColumns[code].map((name, at) => `f${at + 1} AS ${identifier(name)}`).join(', ');
const textsOf = (kind: keyof typeof textColumns): readonly string[] =>
  Array.from({ length: textColumns[kind] }, (_, at) => `f${at + 1}`);

/** Least size of a line that DuckDB makes room for; its buffers are four times as large. */
const lineBytesMin = 262_144;
/** A UTF-16 unit takes no more than this in UTF-8. */
const utf8BytesPerUnitMax = 3;

const linesSql = ({ path, lineMax }: SpilledLines, names: readonly string[]): string => {
  const lineBytesMax = Math.max(lineBytesMin, lineMax * utf8BytesPerUnitMax);
  const typeOf = (name: string) => ({ o: 'BIGINT', t: 'BIGINT', form: 'UTINYINT' })[name] ?? 'VARCHAR';
  return `read_csv(${text(path)}, delim = '\t', quote = '', escape = '', header = false, auto_detect = false, new_line = '\\n',
  max_line_size = ${lineBytesMax}, buffer_size = ${4 * lineBytesMax},
  columns = {${names.map((name) => `'${name}': '${typeOf(name)}'`).join(', ')}})`;
};
const unquoted = (name: string): string =>
  `CASE WHEN starts_with(${name}, '"') THEN json_extract_string(${name}, '$') ELSE ${name} END AS ${name}`;
const isBroken = (name: string): string => `NOT coalesce(json_valid(${name}), true)`;

/**
 * Reads a piece of a partition into `req` and `ans`, behind what they have: `v` and `x` have JSON, and `broken` says where they
 * have not; what has a form was seen to be JSON. One table of both would be read whole for each of them, and have columns for
 * each that the other does not use.
 */
export const loadSql = (
  { requests, answers }: SpilledPiece,
  { context }: Pick<DatasetSpec, 'context'>,
  isFirst: boolean,
): readonly string[] => {
  const texts = (kind: keyof typeof textColumns, { hasQuoted }: SpilledLines): string =>
    (hasQuoted ? textsOf(kind).map(unquoted) : textsOf(kind)).join(', ');
  const into = (table: string): string => (isFirst ? `CREATE TEMP TABLE ${table} AS` : `INSERT INTO ${table}`);
  return [
    `${into('req')}
SELECT o, t, c, k, coalesce(id, '') AS id, ${texts('requests', requests)},
  v, ${context ? 'x' : 'NULL::VARCHAR AS x'}, form, form IS NULL AND ${isBroken('v')} OR ${isBroken('x')} AS broken,
  CASE WHEN c = 'R' AND (contains(v, '$enc') OR form IS NULL AND contains(v, '\\u')) THEN TRY(json_extract_string(v, '/$enc')) IS NOT NULL
    ELSE false END AS sealed
FROM ${linesSql(requests, ['o', 't', 'c', 'k', 'id', ...textsOf('requests'), 'v', 'x', 'form'])}`,
    `${into('ans')}
SELECT o, t, c, k, coalesce(id, '') AS id, coalesce(cause, '') AS cause, ${texts('answers', answers)},
  v, form, form IS NULL AND ${isBroken('v')} AS broken
FROM ${linesSql(answers, ['o', 't', 'c', 'k', 'id', 'cause', ...textsOf('answers'), 'v', 'form'])}`,
  ];
};

const spilledImportedAt = `f${spillColumns.R.indexOf('importedAt') + 1}`;
/** RFC 3339 lets t and z stand for T and Z. */
export const timeSql = (time: string): string => `TRY_CAST(upper(${time}) AS TIMESTAMPTZ)`;
/** Ms since 1970 of a text that is a time, as `madeAt` and `knownAt` have it. */
const msOr = (time: string, otherwise: string): string => `coalesce(epoch_ms(${timeSql(time)}), ${otherwise})`;

export const brokenSql = 'SELECT (SELECT count(*) FROM req WHERE broken) + (SELECT count(*) FROM ans WHERE broken)';

/**
 * The laws of \`evolvePrediction\` as sets, in \`acct\`: one line for each request that won, with what became of it.
 * - A repeated event id of a key changes nothing. Those are few: candidates are found by a hash that is cheap to group.
 * - \`mt\`: when it was made, \`kt\`: since when a label is known, both of the past where a request was imported.
 * - The first request of a key wins. The first end behind it counts that names it.
 */
export const foldSql = (spec: DatasetSpec, cutAt: number): readonly string[] => [
  `CREATE OR REPLACE TEMP TABLE repeated AS
WITH told AS (SELECT k, id, o FROM req UNION ALL SELECT k, id, o FROM ans WHERE c NOT IN ('U', 'V')),
  twice AS (SELECT hash(k, id) AS h FROM told GROUP BY h HAVING count(*) > 1),
  same AS (SELECT k, id, o FROM told WHERE hash(k, id) IN (SELECT h FROM twice))
SELECT o FROM (SELECT o, row_number() OVER (PARTITION BY k, id ORDER BY o) AS n FROM same) WHERE n > 1`,
  `CREATE OR REPLACE TEMP TABLE won AS
SELECT k, min(o) AS ro, arg_min(t, o) AS rt, arg_min(id, o) AS rid,
  arg_min(${spilledImportedAt} IS NOT NULL, o) AS past, arg_min(${msOr(spilledImportedAt, 't')}, o) AS mt FROM req
WHERE o NOT IN (SELECT o FROM repeated) GROUP BY k`,
  `CREATE OR REPLACE TEMP TABLE ended AS
SELECT won.ro, min(ans.o) AS eo, arg_min(ans.c, ans.o) AS ec, arg_min(ans.t, ans.o) AS et
FROM ans JOIN won ON ans.k = won.k AND ans.cause = won.rid
WHERE ans.c IN ('S', 'F', 'C', 'E') AND ans.o > won.ro AND ans.o NOT IN (SELECT o FROM repeated) GROUP BY won.ro`,
  `CREATE OR REPLACE TEMP TABLE told AS
WITH said AS (
  SELECT won.ro, won.mt, won.past, ans.o, ans.t, ans.v, ${columnsOf('L')} FROM ans JOIN won ON ans.k = won.k
  WHERE ans.c = 'L' AND ans.o NOT IN (SELECT o FROM repeated)),
marked AS (
  SELECT *, lag(o) OVER w IS NOT NULL AND ${['v', ...spillColumns.L.map(identifier)].map((name) => `lag(${name}) OVER w IS NOT DISTINCT FROM ${name}`).join(' AND ')} AS same
  FROM said WINDOW w AS (PARTITION BY ro ORDER BY o)),
revised AS (
  SELECT *, row_number() OVER (PARTITION BY ro ORDER BY o) AS revision,
    CASE WHEN past THEN ${msOr('"occurredAt"', 't')} ELSE t END AS kt FROM marked WHERE NOT same)
SELECT ro, ${pickLabel(spec)} AS label, ${standingValue(spec)} AS standing FROM revised GROUP BY ro`,
  `CREATE OR REPLACE TEMP TABLE acct AS
WITH facts AS (
  SELECT won.*, req.c, req.sealed, ${columnsOf('R')}, eo, ec, et, label, standing
  FROM (SELECT *, ${row.predictionId} AS pid FROM won) won JOIN req ON req.o = won.ro LEFT JOIN ended ON ended.ro = won.ro LEFT JOIN told ON told.ro = won.ro),
kinds AS (SELECT *, ${wanted(spec)} AS wanted, ${labelKind(spec, cutAt)} AS lk FROM facts)
SELECT ro, mt, eo, et, lk, CASE WHEN lk = 'label' THEN label END AS label, ${labelText(spec)} AS lv, ${splitName(spec)} AS split,
  CASE WHEN wanted IS NOT TRUE THEN 'filtered' WHEN eo IS NULL THEN 'unfinished'
    WHEN ec = 'F' THEN 'failed' WHEN ec = 'C' THEN 'canceled' WHEN ec = 'E' THEN 'expired'
    WHEN sealed THEN 'redacted'
    ${spec.labels.absent === 'keep' ? '' : "WHEN lk = 'none' THEN 'unlabelled'"} ELSE 'rows' END AS account
FROM kinds`,
  ...['repeated', 'ended', 'told'].map((table) => `DROP TABLE ${table}`),
];

/** Rows of one split, in their order, with all that columns are made of. */
export const chosenSql = (
  model: string,
  split: string,
): string => `SELECT ended.*, r.t AS rt, r.k, ${text(model)} AS model, ${columnsOf('R')}, r.v, r.x
FROM req r JOIN (
  SELECT acct.*, ${columnsOf('S')}, e.v AS ev FROM ans e JOIN acct ON e.o = acct.eo
  WHERE account = 'rows' AND split = ${text(split)}) ended ON r.o = ended.ro ORDER BY ro`;

/** Rows of each split. */
export const splitsSql = `SELECT split, count(*) FROM acct WHERE account = 'rows' GROUP BY split`;
export const accountsSql = 'SELECT account, lk, count(*) FROM acct GROUP BY ALL';
export const strayRecordsSql = `SELECT count(*) FILTER (WHERE c = 'V'), count(*) FILTER (WHERE c = 'U'),
  (SELECT count(*) FROM req) - (SELECT count(*) FROM won) FROM ans`;

export const row = {
  predictionId: "substr(k, instr(k, '/') + 1)",
  tenant: "substr(k, 1, instr(k, '/') - 1)",
} as const;

const pickLabel = ({ labels: { pick, maturityMs } }: DatasetSpec): string => {
  const struct = `{'v': v, 'at': t, 'revision': revision, 'occurredAt': "occurredAt", 'source': source, 'weight': weight}`;
  return `${pick === 'first' ? 'arg_min' : 'arg_max'}(${struct}, o)${knownWithin(maturityMs)}`;
};

/** What is said of a row when its lack of a label would mean something; 'null' where it was taken back. */
const standingValue = ({ labels: { maturityMs, absent } }: DatasetSpec): string =>
  typeof absent === 'object'
    ? `arg_max(v, o)${knownWithin(maturityMs && Math.max(maturityMs, absent.afterMs))}`
    : 'NULL';

const knownWithin = (ms: number | undefined): string => (ms === undefined ? '' : ` FILTER (WHERE kt <= mt + ${ms})`);

/** The label of a row as JSON text. */
const labelText = ({ labels: { absent } }: DatasetSpec): string => {
  const assumed = typeof absent === 'object' ? ` WHEN 'assumed' THEN ${text(JSON.stringify(absent.value))}` : '';
  return `CASE lk WHEN 'label' THEN label.v${assumed} END`;
};

const labelKind = ({ labels: { maturityMs, absent } }: DatasetSpec, cutAt: number): string => {
  const immature = maturityMs === undefined ? '' : `WHEN mt + ${maturityMs} > ${cutAt} THEN 'none' `;
  const assumed =
    typeof absent === 'object'
      ? `WHEN mt + ${absent.afterMs} <= ${cutAt} AND coalesce(standing, 'null') = 'null' THEN 'assumed' `
      : '';
  return `CASE ${immature}WHEN label IS NOT NULL AND label.v <> 'null' THEN 'label' ${assumed}ELSE 'none' END`;
};

const digest = (use: 'sample' | 'split', salt: string, group: 'entity' | 'prediction'): string => {
  const name = group === 'entity' ? `coalesce(${requestField('entity')}, pid)` : 'pid';
  return `substr(sha256(${text(groupSeed(use, salt))} || ${name}), 1, ${groupDigits})`;
};

const wanted = ({ tenant, versions, roles, since, until, sample }: DatasetSpec): string => {
  const bound = sample && shareBound(sample.fraction);
  return [
    `c = 'R' AND ${row.tenant} = ${text(tenant)}`,
    ...(versions ? [`${requestField('version')}::BIGINT IN (${versions.join(', ')})`] : []),
    ...(roles ? [`${requestField('role')} IN (${roles.map(text).join(', ')})`] : []),
    ...(since === undefined ? [] : [`mt >= ${since}`]),
    ...(until === undefined ? [] : [`mt < ${until}`]),
    ...(sample && bound !== undefined ? [`${digest('sample', sample.salt, sample.group)} < ${text(bound)}`] : []),
  ].join(' AND ');
};

const splitName = ({ split }: DatasetSpec): string => {
  if (!split) return text(wholeSplit);
  const { holdout, salt, group } = split;
  const hash = digest('split', salt, group);
  const cases = [
    ...(holdout ? [`WHEN mt >= ${holdout.since} THEN ${text(holdout.name)}`] : []),
    ...splitBounds(split).map(({ name, bound }) =>
      bound === undefined ? `WHEN true THEN ${text(name)}` : `WHEN ${hash} < ${text(bound)} THEN ${text(name)}`,
    ),
  ];
  return `CASE ${cases.join(' ')} END`;
};
