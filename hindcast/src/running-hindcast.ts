import type { Logger } from '@hindcast/domain';
import type { Role } from './parts/roles.ts';
import type { Config } from './settings.ts';

/** What `start` tells people about the process that it has started. */
export interface StartSummary {
  /** Where everything is kept. */
  readonly place:
    | { readonly kind: 'memory' }
    | { readonly kind: 'folder'; readonly folder: string }
    | { readonly kind: 'services'; readonly brokers: string };
  /** Models that can be asked now, the sample first. `readyMs` is the time its load took in this start. */
  readonly models: readonly {
    readonly name: string;
    readonly version: number;
    readonly readyMs: number;
    readonly example: unknown;
  }[];
  /** Models that can be asked too, and are loaded when they are. */
  readonly moreModels: number;
  /** Models whose champion cannot be run, because its file is gone. */
  readonly missing: readonly { readonly name: string; readonly version: number }[];
}

/** A process of Hindcast, listening. */
export interface RunningHindcast {
  /** Address of the HTTP API, without a slash at its end. */
  readonly url: string;
  readonly summary: StartSummary;
  /** Resolves with the reason why the process has to end: what it works on is no longer its own. */
  readonly lost: Promise<Error> | undefined;
  /** Takes no more requests, answers the open ones, closes the log. Says for `noticeMs` before that it is about to. */
  stop(how?: { readonly noticeMs: number }): Promise<void>;
}

export interface StartOptions {
  /** Gives up a start that is under way: open requests are answered, and the start rejects with the reason. */
  readonly ending?: AbortSignal;
}

export type StartHindcast = (
  config: Config,
  logger: Logger,
  roles?: readonly Role[],
  options?: StartOptions,
) => Promise<RunningHindcast>;
