/** One setting of a curve and what was measured there, by the name of the figure with its unit. */
export interface Point {
  readonly at: string;
  readonly figures: Readonly<Record<string, number>>;
}

export interface CurveOptions {
  /** Time of a measure. */
  readonly seconds: number;
  /** Events of the longest log. */
  readonly eventsMax: number;
}

/** How a cost grows with one thing, all others being equal. */
export interface Curve {
  readonly name: string;
  readonly title: string;
  /** What changes from point to point, and what is measured there. */
  readonly about: string;
  measure(options: CurveOptions): AsyncIterable<Point>;
}
