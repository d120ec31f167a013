/** Models that are compared with a bare loop, from one multiplication to 60 trees. */
export const loopModelNames = ['linear', 'mlp', 'breast-cancer', 'churn'] as const;

/** Name of the measure of rows through a model, of both sides. */
export const rowsThrough = (model: string): string => `rows of ${model}`;
