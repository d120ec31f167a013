import { startRedis } from '@hindcast/tests/measuring';
import { peerProgram, sampleModel } from './model-files.ts';
import type { Peer } from './peer.ts';
import { onePort, pidsOf, startPeerProcess, startTogether } from './peer-process.ts';
import { answers, queueAnswer, queueMeasures } from './queue-door.ts';

export const bullmq: Peer = {
  name: 'bullmq',
  title: 'BullMQ 5',
  ours: false,
  start: () =>
    startTogether(async (keep) => {
      const redis = keep(await startRedis({ killable: true, durable: true }));
      const port = await onePort();
      const env = { REDIS_PORT: new URL(redis.url).port, PORT: String(port), MODEL: sampleModel('churn') };
      const program = (name: string) => ({
        name,
        command: process.execPath,
        args: [peerProgram(`bullmq/${name}`)],
        env,
      });
      const worker = keep(await startPeerProcess(program('worker')));
      const door = keep(await startPeerProcess({ ...program('door'), ready: () => answers(port) }));
      const pids = [...pidsOf(redis), worker.pid, door.pid];
      return { measures: queueMeasures({ port, pids }), answer: queueAnswer(port) };
    }),
};
