import { text } from './sql-text.ts';

/** One connection: its statements run one after another, and its temporary tables are its own. */
export interface DuckdbSession {
  run(sql: string): Promise<void>;
  /** Integers of any width come as bigint. */
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
}

export interface DuckdbBounds {
  readonly memoryBytesMax: number;
  /** Statements that run at the same time. */
  readonly threads: number;
}

export interface DuckdbSessions {
  readonly sessions: readonly DuckdbSession[];
  interrupt(): void;
  close(): void;
}

/**
 * Sessions of one database in memory, whose tables go to the folder beyond the bound. Each runs its statements in one thread:
 * only so do rows and row groups of a file not depend on how many threads there are. The library is loaded when it is needed.
 */
export const openDuckdbSessions = async (
  temporary: string,
  { memoryBytesMax, threads }: DuckdbBounds,
): Promise<DuckdbSessions> => {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    // Gives freed memory back sooner.
    allocator_background_threads: 'true',
    memory_limit: `${Math.ceil(memoryBytesMax / 1_048_576)}MiB`,
    temp_directory: temporary,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connections = await Promise.all(Array.from({ length: threads }, () => instance.connect()));
  const sessions = connections.map(
    (connection): DuckdbSession => ({
      run: async (sql) => void (await connection.run(sql)),
      rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    }),
  );
  for (const { run } of sessions) await run(`SET TimeZone = ${text('UTC')}`);
  return {
    sessions,
    interrupt() {
      for (const connection of connections) connection.interrupt();
    },
    close() {
      for (const connection of connections) connection.closeSync();
      instance.closeSync();
    },
  };
};
