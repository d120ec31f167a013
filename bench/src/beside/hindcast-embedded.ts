import { rm } from 'node:fs/promises';
import { temporaryFolder } from '@hindcast/tests/measuring';
import { startServerProcess } from '../server-process.ts';
import { rowsPerBatch } from './churn-rows.ts';
import { addModel, doorOf, hindcastAnswer, hindcastMeasures, openMax, submitting } from './hindcast-door.ts';
import { rowsThrough } from './loop-model-names.ts';
import { overHttp } from './measure-over-http.ts';
import { loopModels } from './model-files.ts';
import type { Peer } from './peer.ts';
import { startTogether } from './peer-process.ts';
import { loopShare } from './session-run.ts';

/** As its users start it: one process with its inference processes, on disk before the 202. */
export const hindcastEmbedded: Peer = {
  name: 'hindcast',
  title: 'Hindcast, embedded',
  ours: true,
  start: () =>
    startTogether(async (keep) => {
      const folder = await temporaryFolder('peer');
      keep({ stop: () => rm(folder, { recursive: true, force: true }) });
      const server = keep(await startServerProcess(folder, ['--open-max', openMax]));
      for (const model of loopModels) if (!model.isSample) await addModel(server.url, model);
      const door = doorOf(server);
      const loops = loopModels.map(({ name, rows }) =>
        overHttp(rowsThrough(name), {
          ...submitting(door, { model: name, inputs: rows, each: rowsPerBatch }),
          share: loopShare,
        }),
      );
      return { measures: [...hindcastMeasures(door), ...loops], answer: hindcastAnswer(server.url) };
    }),
};
