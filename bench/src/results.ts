import { cpus } from 'node:os';
import { quantile } from './quantile.ts';

/** What one round measured. */
export interface Row {
  readonly measure: string;
  /** NaN where it could not be measured. */
  readonly value: number;
  readonly unit: string;
}

/** A column of a table: one or more rounds of the same measures. */
export interface Column {
  readonly title: string;
  readonly rounds: readonly (readonly Row[])[];
}

export const machine = (): string => `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;

const figures = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** As many digits as a measurement is worth. */
export const figuresText = (value: number): string => figures.format(value);

const cellsOf = ({ rounds }: Column, row: number): string => {
  const values = rounds.map((round) => round[row]?.value ?? Number.NaN);
  if (values.length === 0 || values.some(Number.isNaN)) return '– | –';
  const [min, median, max] = [0, 0.5, 1].map((q) => figuresText(quantile(values, q)));
  return `${median} ${rounds[0]?.[row]?.unit} | ${min} to ${max}`;
};

/** Medians with the smallest and largest value, as a table in Markdown. */
export const tableOf = (columns: readonly Column[]): string =>
  [
    `| measure |${columns.map(({ title }) => ` ${title} | min to max |`).join('')}`,
    `| --- |${columns.map(() => ' --- | --- |').join('')}`,
    ...(columns[0]?.rounds[0] ?? []).map(
      ({ measure }, row) => `| ${measure} | ${columns.map((column) => cellsOf(column, row)).join(' | ')} |`,
    ),
    '',
  ].join('\n');
