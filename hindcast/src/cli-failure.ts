/** How the command line ends; scripts may rely on these. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, timedOut: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a text for people and a code for scripts. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
  }
}

/** One that may be over when the same is asked again: nobody answers, or a server says that it cannot answer now. */
export class PassingFailure extends CliFailure {
  /** No sooner than the server asks for. */
  readonly afterMs: number;

  constructor(
    exitCode: ExitCode,
    message: string,
    { afterMs = 0, ...options }: ErrorOptions & { afterMs?: number } = {},
  ) {
    super(exitCode, message, options);
    this.name = 'PassingFailure';
    this.afterMs = afterMs;
  }
}

export const usage = (message: string): CliFailure => new CliFailure(EXIT.usage, message);
export const failed = (message: string, cause?: unknown): CliFailure =>
  new CliFailure(EXIT.failed, message, cause === undefined ? undefined : { cause });
