import { goldenRows } from './model-files.ts';
import type { Answer } from './peer.ts';

/** Rows that all systems are asked, with the model's answers: those without a null, for which each has words of its own. */
export const churnRows = (await goldenRows('churn')).filter(({ input }) => !Object.values(input).includes(null));

export const churnInputs = churnRows.map(({ input }) => input);

export const rowsPerBatch = 100;
export const repeated = <Row>(rows: readonly Row[], count: number): readonly Row[] =>
  Array.from({ length: count }, (_, at) => rows[at % rows.length] as Row);
export const batchOf = <Row>(rows: readonly Row[]): readonly Row[] => repeated(rows, rowsPerBatch);

/** The same for every system: enough that each has something to do at any moment on two cores. */
export const connections = { single: 64, batch: 8, wait: 32, alone: 1 } as const;

/** Of the time of a measure: what one connection shows is soon seen. */
export const shareAlone = 0.5;

/** Systems write the last digits of a float each in their own way. */
const probabilityErrorMax = 1e-6;

/** Refuses a system that says anything else than the model says. */
export const checkAnswers = async (title: string, answer: (input: unknown) => Promise<Answer>): Promise<void> => {
  for (const { input, output } of churnRows) {
    const said = await answer(input);
    const close = output.probabilities.every(
      (probability, at) => Math.abs(probability - (said.probabilities[at] ?? Number.NaN)) <= probabilityErrorMax,
    );
    if (said.label !== output.label || !close)
      throw new Error(`${title} says ${JSON.stringify(said)}, the model says ${JSON.stringify(output)}`);
  }
};
