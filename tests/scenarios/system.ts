import type { EventLog } from '@hindcast/domain';

/**
 * A running Hindcast that scenarios talk to as its users do, over HTTP. The same scenarios run on every way to run it;
 * only the maker of the system differs.
 */
export interface SystemUnderTest {
  readonly url: string;
  /** The raw log, for what only an auditor sees. */
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  /** false: requests are accepted, and nobody runs them. */
  readonly workers?: boolean;
  /** Where the data is kept; a new folder when absent. */
  readonly folder?: string;
  readonly inferenceTimeoutMs?: number;
  /** Predictions that may be open at once. */
  readonly openMax?: number;
}

export type StartSystem = (options?: SystemOptions) => Promise<SystemUnderTest>;

/** One promise to a user. */
export interface Scenario {
  readonly title: string;
  run(start: StartSystem): Promise<void>;
}
