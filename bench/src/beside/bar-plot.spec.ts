import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barPlot } from './bar-plot.ts';

const plotOf = (...rounds: readonly (readonly number[])[]) =>
  barPlot({
    title: 'A title',
    subtitle: 'in <two> lines & more',
    groups: [
      { title: 'group', bars: rounds.map((values, at) => ({ title: `bar ${at}`, values, highlighted: at === 0 })) },
    ],
  });

const widthsOf = (svg: string) =>
  [...svg.matchAll(/<rect x="230" y="\d+" width="([^"]+)"/g)].map((match) => Number(match[1]));

describe('a plot of bars', () => {
  it('draws equal ratios as equal distances', () => {
    const [one = 0, ten = 0, hundred = 0] = widthsOf(plotOf([20], [200], [2_000]));
    expect(ten - one).toBeCloseTo(hundred - ten, 0);
    expect(ten - one).toBeGreaterThan(100);
  });

  it('draws the median, and a line from the smallest to the largest value', () => {
    const svg = plotOf([100, 10, 1_000]);
    const [width = 0] = widthsOf(svg);
    const ends = [230, 230 + 2 * width].map((x) => x.toFixed(1));
    expect(svg).toMatch(new RegExp(`<line x1="${ends[0]}" y1="[^"]+" x2="${ends[1]}"[^>]* stroke="#1f2933"/>`));
    expect(svg).toContain('>100</text>');
  });

  it('writes text that no browser takes for markup', () => {
    expect(plotOf([1])).toContain('in &lt;two&gt; lines &amp; more');
  });

  it('keeps everything inside, whatever the values are', () => {
    const value = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
        (rounds) => {
          const svg = plotOf(...rounds);
          const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
          const inside = (max: number) => (match: RegExpExecArray) => Number(match[1]) >= 0 && Number(match[1]) <= max;
          expect(svg).not.toMatch(/NaN|Infinity/);
          expect([...svg.matchAll(/ (?:x1?|x2)="([^"]+)"/g)].filter((match) => !inside(Number(width))(match))).toEqual(
            [],
          );
          expect([...svg.matchAll(/ (?:y1?|y2)="([^"]+)"/g)].filter((match) => !inside(Number(height))(match))).toEqual(
            [],
          );
          expect(widthsOf(svg).filter((bar) => bar < 0)).toEqual([]);
        },
      ),
    );
  });
});
