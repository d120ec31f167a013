import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { rowsThrough } from './loop-model-names.ts';
import { type LoopModel, loopModels, peerProgram } from './model-files.ts';
import type { Figures, Measure, Peer } from './peer.ts';

const run = promisify(execFile);
export const loopShare = 0.5;
/** Of a measure, beyond its time: loading a model takes less. */
const moreMsMax = 60_000;

/** In a process of its own, `each` rows in a run. */
export const sessionRunLoop = async ({ file, rows }: LoopModel, seconds: number, each = 1): Promise<Figures> => {
  const args = [peerProgram('session-run/loop'), file, JSON.stringify(rows), String(seconds), String(each)];
  const { stdout } = await run(process.execPath, args, { timeout: seconds * 2_000 + moreMsMax });
  return JSON.parse(stdout) as Figures;
};

/** `session.run` in a loop, one row at a time. */
export const sessionRun: Peer = {
  name: 'session-run',
  title: 'bare `session.run` loop',
  ours: false,
  start: async () => ({
    measures: loopModels.map(
      (model): Measure => ({
        name: rowsThrough(model.name),
        run: (seconds) => sessionRunLoop(model, seconds * loopShare),
      }),
    ),
    stop: async () => {},
  }),
};
