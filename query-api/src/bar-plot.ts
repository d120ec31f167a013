import { escapeHtml } from '@hindcast/adapters/http';

export interface Bar {
  /** Shown where the pointer rests. */
  readonly title: string;
  /** Heights of the series, in their order. */
  readonly counts: readonly number[];
}

const width = 720;
const height = 180;
const bottom = 24;
const top = 18;
/** Told apart by lightness as well, for eyes that do not see the hues. */
export const seriesColors = ['#4a7ebb', '#e08214'] as const;

const n = (value: number): string => String(Math.round(value * 100) / 100);

/** Bars of one or two series side by side, as an SVG without scripts or styles from elsewhere. */
export const barPlot = (label: string, bars: readonly Bar[], ends: readonly [string, string]): string => {
  const largest = Math.max(1, ...bars.flatMap(({ counts }) => counts));
  const slot = width / Math.max(1, bars.length);
  const shapes = bars.flatMap(({ title, counts }, at) =>
    counts.map((count, series) => {
      const barWidth = Math.max(0.5, (slot * 0.9) / counts.length);
      const barHeight = (count / largest) * (height - bottom - top);
      const x = at * slot + slot * 0.05 + series * barWidth;
      const box = `x="${n(x)}" y="${n(height - bottom - barHeight)}" width="${n(barWidth)}" height="${n(barHeight)}"`;
      return `<rect ${box} fill="${seriesColors[series % seriesColors.length]}"><title>${escapeHtml(title)}</title></rect>`;
    }),
  );
  const base = height - bottom + 0.5;
  const texts = [
    `<text x="0" y="${height - 6}">${escapeHtml(ends[0])}</text>`,
    `<text x="${width}" y="${height - 6}" text-anchor="end">${escapeHtml(ends[1])}</text>`,
    `<text x="${width}" y="12" text-anchor="end">${escapeHtml(`most: ${largest}`)}</text>`,
  ];
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}" width="100%" ` +
    `font-size="12" fill="currentColor">${shapes.join('')}<line x1="0" x2="${width}" y1="${base}" y2="${base}" ` +
    `stroke="currentColor" stroke-opacity=".4"/>${texts.join('')}</svg>`
  );
};
