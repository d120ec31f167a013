import { join } from 'node:path';
import { pythonEnvironment, startDocumentStore, startRedis } from '@hindcast/tests/measuring';
import { overHttp } from './measure-over-http.ts';
import { peerFolder, sampleModel } from './model-files.ts';
import type { Peer } from './peer.ts';
import { onePort, pidsOf, startPeerProcess, startTogether } from './peer-process.ts';
import { answers, batchWorkload, queueAnswer, queueMeasures } from './queue-door.ts';

/** `bench/peers/celery` says why it is set up like this. */
const doors = ['--workers', '3', '--worker-class', 'gthread', '--threads', '16', '--keep-alive', '30'];
const workerNames = ['one', 'two'];
const workers = ['--pool', 'solo', '--without-gossip', '--without-mingle', '--without-heartbeat'];

const folder = peerFolder('celery');
const modules = ['celery', 'flask', 'gunicorn', 'onnxruntime', 'pymongo', 'redis'];

export const celery: Peer = {
  name: 'celery',
  title: 'Flask + gunicorn + Celery',
  ours: false,
  start: () =>
    startTogether(async (keep) => {
      const environment = await pythonEnvironment(join(folder, 'requirements.txt'), modules);
      const redis = keep(await startRedis({ killable: true }));
      const store = keep(await startDocumentStore());
      const port = await onePort();
      const results = new URL(store.url);
      results.pathname = '/celery';
      const env = {
        BROKER_URL: redis.url,
        RESULT_URL: results.href,
        MODEL: sampleModel('churn'),
        PYTHONPATH: folder,
        PYTHONDONTWRITEBYTECODE: '1',
      };
      const python = (name: string, args: readonly string[]) => ({
        name,
        command: join(environment, 'bin', 'python'),
        args: ['-m', name, ...args],
        env,
      });
      const worker = (name: string) =>
        python('celery', [...['--app', 'tasks', 'worker', '--loglevel', 'WARNING', '--hostname', name], ...workers]);
      const door = python('gunicorn', ['--bind', `127.0.0.1:${port}`, ...doors, 'app:app']);
      const pids = pidsOf(redis, store);
      for (const name of workerNames) pids.push(keep(await startPeerProcess(worker(name))).pid);
      pids.push(keep(await startPeerProcess({ ...door, ready: () => answers(port) })).pid);
      const at = { port, pids };
      return {
        measures: [...queueMeasures(at), overHttp('chunk', batchWorkload(at, '/predict-chunk', 1))],
        answer: queueAnswer(port),
      };
    }),
};
