import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rowsThrough } from './loop-model-names.ts';
import { loopModels, peerProgram } from './model-files.ts';
import type { Figures, Measure, Peer } from './peer.ts';

const run = promisify(execFile);
export const loopShare = 0.5;
/** Of a measure, beyond its time: loading a model takes less. */
const moreMsMax = 60_000;

/** `session.run` in a loop, one row at a time, in a process of its own for each measure. */
export const sessionRun: Peer = {
  name: 'session-run',
  title: 'bare `session.run` loop',
  ours: false,
  start: async () => ({
    measures: loopModels.map(
      ({ name, file, rows }): Measure => ({
        name: rowsThrough(name),
        async run(seconds) {
          const args = [peerProgram('session-run/loop'), file, JSON.stringify(rows), String(seconds * loopShare)];
          const { stdout } = await run(process.execPath, args, { timeout: seconds * 1_000 + moreMsMax });
          return JSON.parse(stdout) as Figures;
        },
      }),
    ),
    stop: async () => {},
  }),
};
