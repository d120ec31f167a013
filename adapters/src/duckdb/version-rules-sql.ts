import type { PlannedColumn } from '@hindcast/domain';
import { requestField } from './fold-sql.ts';
import { pointer, text } from './sql-text.ts';

const unlessImported = (value: string): string => `CASE WHEN ${requestField('role')} <> 'imported' THEN ${value} END`;

const byVersion = (cases: readonly { readonly version: number; readonly sql: string }[], otherwise: string): string =>
  cases.length === 0
    ? otherwise
    : `CASE ${requestField('version')} ${cases.map(({ version, sql }) => `WHEN '${version}' THEN ${sql}`).join(' ')} ELSE ${otherwise} END`;

export const thresholdSql = (thresholds: NonNullable<PlannedColumn['thresholds']>): string => {
  const cases = thresholds.map(({ version, threshold }) => ({ version, sql: `${text(String(threshold))}::DOUBLE` }));
  return unlessImported(byVersion(cases, 'NULL::DOUBLE'));
};

/** As `isDefaulted` in the domain: the member of an object, the place in a list, or the value that the input is. */
export const defaultedSql = ({ name, places }: NonNullable<PlannedColumn['feature']>): string => {
  const cases = places.map(({ version, place }) => {
    const at = (step: string) => `json_type(v, ${text(pointer([step]))})`;
    const found = `CASE json_type(v) WHEN 'OBJECT' THEN ${at(name)} WHEN 'ARRAY' THEN ${at(String(place))} ELSE json_type(v) END`;
    return { version, sql: `coalesce(${found}, 'NULL') = 'NULL'` };
  });
  return unlessImported(byVersion(cases, 'false'));
};
