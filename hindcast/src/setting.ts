import type { TSchema } from '@sinclair/typebox';

/** One setting: how it is named in the environment and on the command line, and what it may be. */
export interface Setting<S extends TSchema = TSchema> {
  readonly schema: S;
  readonly env: string;
  /** Without the dashes; undefined where only the environment can say it. */
  readonly flag?: string;
  readonly description: string;
  /** Shown where the default depends on the machine. */
  readonly defaultText?: string;
  /** What it may look like, for whoever got it wrong. */
  readonly example?: string;
  /** Never printed, and can also be read from the file that the variable with `_FILE` at its end names. */
  readonly secret?: true;
  /** Read by the commands that talk to a running Hindcast, not by `start`. */
  readonly client?: true;
  /** Says where a service is. All of them make a distributed run, none an embedded one. */
  readonly service?: true;
}
