import { churnInputs, connections } from './churn-rows.ts';
import { overHttp } from './measure-over-http.ts';
import { peerProgram } from './model-files.ts';
import type { Peer } from './peer.ts';
import { onePort, postJson, startPeerProcess, startTogether } from './peer-process.ts';

const path = '/predict';
const bodies = churnInputs.map((input) => ({ model: 'churn', input }));

/** What is spent before a prediction begins: a door that checks the row, answers with an id, and does nothing else. */
export const validatingDoor: Peer = {
  name: 'fastify',
  title: 'fastify that only validates',
  ours: false,
  start: () =>
    startTogether(async (keep) => {
      const port = await onePort();
      const door = { name: 'door', command: process.execPath, args: [peerProgram('fastify/door')] };
      const ready = () =>
        postJson(`http://127.0.0.1:${port}${path}`, bodies[0]).then(
          () => true,
          () => false,
        );
      const { pid } = keep(await startPeerProcess({ ...door, env: { PORT: String(port) }, ready }));
      const load = { port, path, bodies: bodies.map((body) => JSON.stringify(body)), connections: connections.single };
      return { measures: [overHttp('single', { load, expects: 202, each: 1, pids: [pid] })] };
    }),
};
