import { quantile } from '../quantile.ts';
import { figuresText } from '../results.ts';

export interface Bar {
  readonly title: string;
  /** One a round. */
  readonly values: readonly number[];
  readonly highlighted: boolean;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface BarPlot {
  readonly title: string;
  readonly subtitle: string;
  readonly groups: readonly BarGroup[];
}

/** In pixels. */
const size = { width: 860, labels: 230, values: 90, bar: 18, gap: 6, group: 44, head: 64, foot: 34 };
const colour = { highlighted: '#0b6e4f', other: '#9aa5b1', whisker: '#1f2933', text: '#1f2933', grid: '#e4e7eb' };

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(words)}</text>`;

const line = (x1: number, y1: number, x2: number, y2: number, stroke: string): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${stroke}"/>`;

/** Powers of ten that hold all values. */
const decadesOf = (values: readonly number[]): readonly [number, number] => {
  const low = Math.floor(Math.log10(Math.min(...values)));
  return [low, Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))];
};

/** Horizontal bars of medians with whiskers from the smallest to the largest value, in groups, on one logarithmic scale. */
export const barPlot = ({ title, subtitle, groups }: BarPlot): string => {
  const [low, high] = decadesOf(groups.flatMap(({ bars }) => bars.flatMap(({ values }) => values)));
  const span = size.width - size.labels - size.values;
  const x = (value: number) => size.labels + ((Math.log10(value) - low) / (high - low)) * span;
  const heightOf = ({ bars }: BarGroup) => size.group + bars.length * (size.bar + size.gap);
  const bottom = size.head + groups.reduce((sum, group) => sum + heightOf(group), 0);
  const height = bottom + size.foot;

  const drawBar = ({ title: name, values, highlighted }: Bar, y: number): readonly string[] => {
    const [min = 0, median = 0, max = 0] = [0, 0.5, 1].map((q) => quantile(values, q));
    const middle = y + size.bar / 2;
    const fill = highlighted ? colour.highlighted : colour.other;
    return [
      text(size.labels - 8, middle + 4, name, 'text-anchor="end"'),
      `<rect x="${size.labels}" y="${y}" width="${(x(median) - size.labels).toFixed(1)}" height="${size.bar}" fill="${fill}"/>`,
      line(x(min), middle, x(max), middle, colour.whisker),
      ...[min, max].map((end) => line(x(end), middle - 4, x(end), middle + 4, colour.whisker)),
      text(x(max) + 6, middle + 4, figuresText(median)),
    ];
  };
  let top = size.head;
  const drawn = groups.flatMap((group) => {
    const y = top;
    top += heightOf(group);
    const bars = group.bars.flatMap((bar, at) => drawBar(bar, y + size.group + at * (size.bar + size.gap)));
    return [text(12, y + size.group - 10, group.title, 'font-weight="600"'), ...bars];
  });
  const decades = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${colour.text}">`,
    `<rect width="${size.width}" height="${height}" fill="#fff"/>`,
    text(12, 26, title, 'font-size="16" font-weight="600"'),
    text(12, 46, subtitle),
    ...decades.flatMap((value) => [
      line(x(value), size.head, x(value), bottom, colour.grid),
      text(x(value), bottom + 18, figuresText(value), 'text-anchor="middle"'),
    ]),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
};
