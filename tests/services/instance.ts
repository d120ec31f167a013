/** One running service that tests may hurt. What it stored in durable form survives `kill` and `restart`. */
export interface Instance {
  /** Process id on this machine, undefined where it is none of ours or not running. */
  pid(): number | undefined;
  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Kills it where it still runs and starts it on the same ports and data. Resolves when it answers. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends it and throws its data away. */
  stop(): Promise<void>;
}

const refuse = async (): Promise<never> => {
  throw new Error('This service was given by its address: it is not ours to kill. Ask for a `killable` one.');
};

/** A service that somebody else runs. */
export const foreignInstance: Instance = {
  pid: () => undefined,
  kill: refuse,
  restart: refuse,
  freeze: refuse,
  thaw: refuse,
  stop: async () => {},
};
