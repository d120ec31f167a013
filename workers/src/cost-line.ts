/** What one run of a model takes: duration ≈ a·n + b, learned from its own runs. */
export interface CostLine {
  readonly runs: number;
  learn(rows: number, durationMs: number): void;
  /** Expected duration of a run, undefined before the first was seen. */
  expectedMs(rows: number): number | undefined;
  /** Most rows whose run is expected to end within `ms`, at least one. */
  rowsWithin(ms: number): number;
  /** Expected ms per row at the batch sizes seen of late. */
  perRowMs(): number;
}

/** Weight that a run keeps with each later one: about the last fifty count. */
const memory = 0.98;
/** One stall (a page fault, a busy neighbour) moves the line no further than this factor; a lasting change gets through in a few runs. */
const surpriseMax = 4;
const surpriseFloorMs = 0.5;

/** Least squares over a fading memory, with outliers clipped and neither part allowed below zero. */
export const createCostLine = (): CostLine => {
  let runs = 0;
  let weight = 0;
  let rowsSum = 0;
  let msSum = 0;
  let rowsSquared = 0;
  let rowsTimesMs = 0;
  let perRow = 0;
  let fixed = 0;

  const fit = () => {
    const rowsMean = rowsSum / weight;
    const msMean = msSum / weight;
    const spread = rowsSquared / weight - rowsMean * rowsMean;
    // Without different sizes the two parts cannot be told apart: all of it counts per row, the careful side.
    const slope =
      spread > 1e-9 * rowsMean * rowsMean ? (rowsTimesMs / weight - rowsMean * msMean) / spread : msMean / rowsMean;
    perRow = Math.min(Math.max(0, slope), msMean / rowsMean);
    fixed = Math.max(0, msMean - perRow * rowsMean);
  };
  const expected = (rows: number) => (runs === 0 ? undefined : perRow * rows + fixed);

  return {
    get runs() {
      return runs;
    },
    learn(rows, durationMs) {
      const before = expected(rows);
      const ms = before === undefined ? durationMs : Math.min(durationMs, before * surpriseMax + surpriseFloorMs);
      weight = weight * memory + 1;
      rowsSum = rowsSum * memory + rows;
      msSum = msSum * memory + ms;
      rowsSquared = rowsSquared * memory + rows * rows;
      rowsTimesMs = rowsTimesMs * memory + rows * ms;
      runs += 1;
      fit();
    },
    expectedMs: expected,
    rowsWithin(ms) {
      if (runs === 0) return 1;
      if (perRow <= 0) return fixed <= ms ? Number.POSITIVE_INFINITY : 1;
      return Math.max(1, Math.floor((ms - fixed) / perRow));
    },
    perRowMs: () => (weight === 0 ? 0 : msSum / rowsSum),
  };
};
