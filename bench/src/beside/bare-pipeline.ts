import { rowsPerBatch } from './churn-rows.ts';
import { rowsThrough } from './loop-model-names.ts';
import { overHttp } from './measure-over-http.ts';
import { type LoopModel, loopModels, peerProgram } from './model-files.ts';
import type { Peer } from './peer.ts';
import { onePort, type RunningProcess, startPeerProcess, startTogether } from './peer-process.ts';
import { batchWorkload, manyPath, queueAnswer, queueMeasures } from './queue-door.ts';
import { loopShare } from './session-run.ts';

/** Of each process: Hindcast's one has run other rows before those of these models come. */
const warmUpSeconds = 1;

const listens = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/completed`).then(
    ({ ok }) => ok,
    () => false,
  );

/** With the flag that Hindcast's launcher gives Node. */
const start = async ({ name, file }: LoopModel, port: number): Promise<RunningProcess> =>
  startPeerProcess({
    name: `bare pipeline of ${name}`,
    command: process.execPath,
    args: ['--max-semi-space-size=32', peerProgram('bare-pipeline/pipeline')],
    env: { PORT: String(port), MODEL: file, NAME: name },
    ready: () => listens(port),
  });

/** Hindcast's libraries, wired together to have all on disk before each answer, and to do nothing else. */
export const barePipeline: Peer = {
  name: 'bare-pipeline',
  title: 'the libraries, wired together',
  ours: false,
  start: () =>
    startTogether(async (keep) => {
      const doors = [];
      for (const model of loopModels) {
        const port = await onePort();
        const { pid } = keep(await start(model, port));
        doors.push({ model, port, pids: [pid] });
      }
      const churn = doors.find(({ model }) => model.name === 'churn');
      if (!churn) throw new Error('There is no churn.');
      const loops = doors.map(({ model: { name, rows }, ...door }) =>
        overHttp(rowsThrough(name), { ...batchWorkload(door, manyPath, rowsPerBatch, rows), share: loopShare }),
      );
      for (const loop of loops) await loop.run(warmUpSeconds);
      return { measures: [...queueMeasures(churn), ...loops], answer: queueAnswer(churn.port) };
    }),
};
