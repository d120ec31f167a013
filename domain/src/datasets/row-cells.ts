/// <reference lib="es2024.string" />
import { isEnded } from '../evolve-prediction.ts';
import type { Sha256 } from '../ports.ts';
import { unknownSha256 } from '../prediction-events.ts';
import type { DatasetCandidate } from './dataset-candidate.ts';
import { openedDepth, type PlannedColumn } from './dataset-columns.ts';
import { hmacOf } from './hmac.ts';
import { isShortList } from './json-leaves.ts';
import { madeAt } from './row-times.ts';
import { isDefaulted } from './version-rules.ts';

export type Cell = string | number | boolean | null;

interface Secrets {
  readonly sha256: Sha256;
  readonly redactionKey: string | undefined;
}

/** Times are ISO 8601 in UTC, of the log with milliseconds, and told ones with microseconds; one that cannot be read is null. */
export const cellOf = (column: PlannedColumn, row: DatasetCandidate, secrets: Secrets): Cell => {
  const raw = rawCell(column, row);
  const said = raw === undefined || isOpenedInto(column, raw) ? null : raw;
  const value = column.type === 'number' && typeof said === 'string' ? Number(said) : said;
  const { redaction } = column;
  if (redaction?.how === 'bucket')
    return typeof value === 'number' ? Math.floor(value / redaction.width) * redaction.width : null;
  if (redaction?.how === 'hmac') {
    if (value === null) return null;
    if (secrets.redactionKey === undefined) throw new Error('There is no key for hmac.');
    return hmacOf(secrets.redactionKey, textOf(value), secrets.sha256);
  }
  if (value === null) return null;
  if (column.type === 'time') return timeCell(value);
  if (column.type === 'json') return jsonText(value);
  if (typeof value === 'string' || (column.name === 'label' && column.type === 'string')) return textOf(value);
  return typeof value === 'object' ? jsonText(value) : (value as Cell);
};

/** What is opened into columns: what it holds is in columns of its own, which may be none. */
const isOpenedInto = ({ path, role, type }: PlannedColumn, value: unknown): boolean => {
  if (path === undefined || !Object.hasOwn(openedDepth, role)) return false;
  if (path.length >= openedDepth[role as keyof typeof openedDepth]) return false;
  if (path.length === 0 && role === 'input' && isShortList(value)) return true;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && (type !== 'json' || path.length === 0);
};

/** Half of a surrogate pair has no form in UTF-8, which files are made of: it becomes U+FFFD. */
const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? member.toWellFormed() : member));
const textOf = (value: unknown): string => (typeof value === 'string' ? value.toWellFormed() : jsonText(value));

const timeCell = (value: unknown): string | null => {
  if (typeof value === 'number') return new Date(value).toISOString();
  const told = String(value);
  const ms = Date.parse(told);
  if (Number.isNaN(ms)) return null;
  const micros = (/\.(\d+)/.exec(told)?.[1] ?? '').padEnd(6, '0').slice(3, 6);
  return new Date(ms).toISOString().replace('Z', `${micros}Z`);
};

const jsonAt = (
  role: PlannedColumn['role'],
  path: readonly string[],
  { request, state }: DatasetCandidate,
): unknown => {
  const { input, context } = request.data;
  const output = isEnded(state) ? state.output : undefined;
  let value: unknown = role === 'input' ? input : role === 'context' ? context : output;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
};

const rawCell = ({ name, role, path, thresholds, feature }: PlannedColumn, row: DatasetCandidate): unknown => {
  if (path) return jsonAt(role, path, row);
  if (!thresholds && !feature) return plainCell(name, row);
  const { data } = row.request;
  // Nothing of ours ran it, so that no version of ours adds anything.
  if (data.role === 'imported') return undefined;
  if (thresholds) return thresholds.find(({ version }) => version === data.version)?.threshold;
  return feature?.versions.includes(data.version) === true && isDefaulted(data.input, feature.name);
};

const plainCell = (name: string, { request, state, position, acceptedAt, label, split }: DatasetCandidate): unknown => {
  const { data } = request;
  const told = label.kind === 'label' ? label.label : undefined;
  const isAssumed = label.kind === 'assumed';
  switch (name) {
    case 'predictionId':
      return request.subject;
    case 'tenant':
      return request.tenant;
    case 'position':
      return position;
    case 'madeAt':
      return madeAt(request, acceptedAt);
    case 'acceptedAt':
      return acceptedAt;
    case 'completedAt':
      return isEnded(state) ? state.endedAt : undefined;
    case 'sha256':
      return data.sha256 === unknownSha256 ? undefined : data.sha256;
    case 'runtime':
      return isEnded(state) ? state.provenance?.runtime : undefined;
    case 'label':
      return isAssumed ? label.value : told?.value;
    case 'labelOccurredAt':
      return told?.occurredAt;
    case 'labelRecordedAt':
      return told?.at;
    case 'labelSource':
      return isAssumed ? 'absent' : told?.source;
    case 'labelRevision':
      return told?.revision;
    case 'labelWeight':
      return isAssumed || told ? (told?.weight ?? 1) : undefined;
    case 'split':
      return split;
    default:
      return (data as Readonly<Record<string, unknown>>)[name];
  }
};
