import { startRedis } from '@hindcast/tests/measuring';
import { peerProgram, sampleModel } from './model-files.ts';
import type { Peer } from './peer.ts';
import { onePort, startPeerProcess, startTogether } from './peer-process.ts';
import { answers, queueAnswer, queueMeasures } from './queue-door.ts';

/** `bench/peers/bullmq` says why it is set up like this. */
const workers = 2;

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
      const pids = [redis.pid() ?? 0];
      for (let at = 0; at < workers; at++) pids.push(keep(await startPeerProcess(program('worker'))).pid);
      pids.push(keep(await startPeerProcess({ ...program('door'), ready: () => answers(port) })).pid);
      return { measures: queueMeasures({ port, pids }), answer: queueAnswer(port) };
    }),
};
