/** What one measure of one round came to. */
export interface Figures {
  /** Predictions that have their result, by the time from the first request to the last result. */
  readonly perSecond: number;
  /** User and system time of all processes of the system, for each prediction. */
  readonly cpuUs: number;
  /** The same of the load generator, where it is a process of its own. */
  readonly loadCpuUs?: number;
  /** From the request to its result, where requests wait for it. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

export interface Measure {
  readonly name: string;
  run(seconds: number): Promise<Figures>;
}

/** What the model says of one row of `churn`, in a form that every system can be asked for. */
export interface Answer {
  readonly label: string;
  /** Of `no` and of `yes`. */
  readonly probabilities: readonly number[];
}

/** A system that runs, on ports of its own. */
export interface RunningPeer {
  readonly measures: readonly Measure[];
  /** Asks for the answer to one row. Left out where a system gives none. */
  readonly answer?: (input: unknown) => Promise<Answer>;
  stop(): Promise<void>;
}

/** A system to measure. How it is set up is in `bench/peers`, with the reasons. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly ours: boolean;
  /** Installs what it needs where that is not there yet. Rejects where it cannot be had on this machine. */
  start(): Promise<RunningPeer>;
}
