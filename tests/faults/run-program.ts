import { execFile } from 'node:child_process';

export interface Ended {
  readonly code: number;
  readonly said: string;
}

/** A script of Node, to its end. */
export const runProgram = (program: string, ...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    );
  });
