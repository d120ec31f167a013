import { text } from './sql-text.ts';

export interface DuckdbSession {
  run(sql: string): Promise<void>;
  /** Integers of any width come as bigint. */
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
  interrupt(): void;
  close(): void;
}

export interface DuckdbBounds {
  readonly memoryBytesMax: number;
  readonly threads: number;
}

/** A database in memory, whose tables go to the folder beyond the bound. The library is loaded when it is needed. */
export const openDuckdbSession = async (
  temporary: string,
  { memoryBytesMax, threads }: DuckdbBounds,
): Promise<DuckdbSession> => {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${Math.ceil(memoryBytesMax / 1_048_576)}MiB`,
    temp_directory: temporary,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const run = async (sql: string): Promise<void> => void (await connection.run(sql));
  await run(`SET TimeZone = ${text('UTC')}`);
  return {
    run,
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    interrupt: () => connection.interrupt(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
};
