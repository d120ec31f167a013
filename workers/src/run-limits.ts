export interface RunLimits {
  /** After this long a job passes younger ones of the next higher priority. */
  readonly agingMs?: number;
  /** A batch stops growing where its run is expected to take longer. */
  readonly runMsMax?: number;
  /** Tensor elements in one run. */
  readonly elementsMax?: number;
  /** Predictions of one model in a row that crashed, before it is quarantined. */
  readonly crashesMax?: number;
  /** Results on their way to the log; no run is started beyond that. */
  readonly unwrittenMax?: number;
}

export interface RunCounts {
  runs: number;
  rows: number;
  crashes: number;
  quarantines: number;
}
