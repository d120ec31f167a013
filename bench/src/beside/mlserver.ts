import { join } from 'node:path';
import { freePorts, pythonEnvironment } from '@hindcast/tests/measuring';
import { churnInputs, connections, shareAlone } from './churn-rows.ts';
import { overHttp } from './measure-over-http.ts';
import { peerFolder, sampleModel } from './model-files.ts';
import type { Answer, Peer } from './peer.ts';
import { postJson, startPeerProcess, startTogether } from './peer-process.ts';

const folder = peerFolder('mlserver');
const path = '/v2/models/churn/infer';

/** A row as the Open Inference Protocol has it. */
const inferenceOf = (input: object) => ({
  inputs: Object.entries(input).map(([name, value]) => ({
    name,
    shape: [1, 1],
    datatype: typeof value === 'string' ? 'BYTES' : 'FP32',
    data: [value],
  })),
});

interface InferenceResponse {
  readonly outputs: readonly { readonly name: string; readonly data: readonly unknown[] }[];
}

const answerOf =
  (port: number) =>
  async (input: unknown): Promise<Answer> => {
    const { outputs } = await postJson<InferenceResponse>(
      `http://127.0.0.1:${port}${path}`,
      inferenceOf(input as object),
    );
    const data = (name: string) => outputs.find((output) => output.name === name)?.data ?? [];
    return { label: String(data('label')[0]), probabilities: data('probabilities').map(Number) };
  };

export const mlserver: Peer = {
  name: 'mlserver',
  title: 'MLServer',
  ours: false,
  start: () =>
    startTogether(async (keep) => {
      const environment = await pythonEnvironment(join(folder, 'requirements.txt'), ['mlserver', 'onnxruntime']);
      const [port = 0, grpcPort = 0, metricsPort = 0] = await freePorts(3);
      const answer = answerOf(port);
      const { pid } = keep(
        await startPeerProcess({
          name: 'mlserver',
          command: join(environment, 'bin', 'mlserver'),
          args: ['start', folder],
          env: {
            MLSERVER_HOST: '127.0.0.1',
            MLSERVER_HTTP_PORT: String(port),
            MLSERVER_GRPC_PORT: String(grpcPort),
            MLSERVER_METRICS_PORT: String(metricsPort),
            MLSERVER_MODEL_URI: sampleModel('churn'),
            PYTHONPATH: folder,
            PYTHONDONTWRITEBYTECODE: '1',
          },
          ready: () =>
            answer(churnInputs[0]).then(
              () => true,
              () => false,
            ),
        }),
      );
      const bodies = churnInputs.map((input) => JSON.stringify(inferenceOf(input)));
      const load = { port, path, bodies };
      const workload = { expects: 200, each: 1, pids: [pid] };
      return {
        measures: [
          overHttp('wait', { ...workload, load: { ...load, connections: connections.wait } }),
          overHttp('alone', { ...workload, load: { ...load, connections: connections.alone }, share: shareAlone }),
        ],
        answer,
      };
    }),
};
