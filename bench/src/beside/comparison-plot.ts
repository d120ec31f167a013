import { barPlot } from './bar-plot.ts';
import { titleOf } from './comparison-table.ts';
import { type Comparison, measuresOf, valuesOf } from './measured-systems.ts';

/** Completed predictions a second of every system, by measure. */
export const comparisonPlot = ({ systems, commit, machine, rounds }: Comparison): string =>
  barPlot({
    title: 'Predictions completed a second',
    subtitle: `Median of ${rounds} interleaved rounds, smallest to largest; commit ${commit}, ${machine}; logarithmic`,
    groups: measuresOf(systems).map((measure) => ({
      title: titleOf(measure),
      bars: systems
        .map((system) => ({
          title: system.title.replaceAll('`', ''),
          values: valuesOf(system, measure, 'perSecond'),
          highlighted: system.ours,
        }))
        .filter(({ values }) => values.length > 0),
    })),
  });
