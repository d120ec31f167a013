import type { PlannedColumn } from '@hindcast/domain';
import { requestField } from './fold-sql.ts';
import { pointer, text } from './sql-text.ts';

const unlessImported = (value: string): string => `CASE WHEN ${requestField('role')} <> 'imported' THEN ${value} END`;

export const thresholdSql = (thresholds: NonNullable<PlannedColumn['thresholds']>): string => {
  const cases = thresholds.map(({ version, threshold }) => `WHEN '${version}' THEN ${text(String(threshold))}::DOUBLE`);
  if (cases.length === 0) return 'NULL::DOUBLE';
  return unlessImported(`CASE ${requestField('version')} ${cases.join(' ')} END`);
};

/** As `isDefaulted` in the domain: of the member of an object, or of the value that the input is. */
export const defaultedSql = ({ name, versions }: NonNullable<PlannedColumn['feature']>): string => {
  const found = `CASE json_type(v) WHEN 'OBJECT' THEN json_type(v, ${text(pointer([name]))}) ELSE json_type(v) END`;
  const isOfThese = `${requestField('version')} IN (${versions.map((version) => `'${version}'`).join(', ')})`;
  return unlessImported(`${isOfThese} AND coalesce(${found}, 'NULL') = 'NULL'`);
};
