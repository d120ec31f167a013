import { readFileSync } from 'node:fs';
import type { ModelFile, Tensor, TensorData, ValueInfo } from '@hindcast/domain';
import ort from 'onnxruntime-node';
import { detailCharsMax, type Reply, type Request, sessionThreads } from './child-protocol.ts';

const sessionOptions: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  intraOpNumThreads: sessionThreads,
  interOpNumThreads: 1,
  // A pattern is learned from one run of a shape, and one that asked for too much would then fail every later run.
  enableMemPattern: false,
  logSeverityLevel: 4,
};

/** Answers requests of the parent process, one at a time, until it is killed. */
export const serveInference = (): void => {
  const sessions = new Map<number, ort.InferenceSession>();

  const answer = async (request: Request): Promise<Reply> => {
    switch (request.kind) {
      case 'load': {
        const before = process.memoryUsage.rss();
        sessions.set(request.session, await ort.InferenceSession.create(request.path, sessionOptions));
        return { kind: 'loaded', bytes: Math.max(0, process.memoryUsage.rss() - before) };
      }
      case 'run': {
        const session = sessions.get(request.session);
        if (!session) throw new Error('The model is not loaded.');
        return runSession(session, request.inputs);
      }
      case 'inspect':
        return inspectFile(request.path);
      default:
        return request satisfies never;
    }
  };
  process.on('message', (request: Request) => {
    answer(request).then(send, (error: unknown) => send({ kind: 'failed', detail: wordsOf(error, request) }));
  });
  send({ kind: 'ready', runtime: `onnxruntime-node/${ort.env.versions.node ?? 'unknown'}` });
};

const send = (reply: Reply): void => void process.send?.(reply);

/** The runtime's words, without the path of the file, which is nobody's business. */
const wordsOf = (error: unknown, request: Request): string => {
  const text = error instanceof Error ? error.message : String(error);
  return (request.kind === 'run' ? text : text.replaceAll(request.path, 'the model')).slice(0, detailCharsMax);
};

const runSession = async (session: ort.InferenceSession, inputs: readonly Tensor[]): Promise<Reply> => {
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, datatype, shape, data } of inputs) {
    // A message holds its arrays at any address, and where vector instructions begin changes how sums round: a copy of
    // its own makes the answer depend on nothing but the values.
    feeds[name] = new ort.Tensor(datatype, float16View(datatype, data.slice()) as string[], shape);
  }
  const startedAt = performance.now();
  const results = await session.run(feeds);
  const inferenceMs = performance.now() - startedAt;
  const outputs = session.outputNames.map((name): Tensor => {
    const { type, dims, data } = results[name] as ort.Tensor;
    const plain = type === 'float16' ? bitsOf(data as ArrayBufferView) : data;
    return { name, datatype: type as Tensor['datatype'], shape: dims, data: plain as TensorData };
  });
  return { kind: 'ran', outputs, inferenceMs };
};

type Float16ArrayConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView;
/** Newer Node versions have it, and then the runtime insists on it. */
const Float16Array: unknown = Reflect.get(globalThis, 'Float16Array');

const float16View = (datatype: string, data: TensorData): TensorData | ArrayBufferView => {
  if (datatype !== 'float16' || typeof Float16Array !== 'function' || Array.isArray(data)) return data;
  return new (Float16Array as Float16ArrayConstructor)(data.buffer, data.byteOffset, data.length);
};
const bitsOf = (data: ArrayBufferView): Uint16Array =>
  new Uint16Array(data.buffer, data.byteOffset, data.byteLength / Uint16Array.BYTES_PER_ELEMENT);

const inspectFile = async (path: string): Promise<Reply> => {
  const { scanModel } = await import('./scan-model.ts');
  const scanned = scanModel(readFileSync(path));
  if (!scanned.ok) return { kind: 'refused', refusal: scanned.refusal };
  const session = await ort.InferenceSession.create(path, sessionOptions);
  return { kind: 'inspected', file: withInferredShapes(scanned.file, session) };
};

/** The runtime infers shapes of outputs that the file does not tell; it knows no unknown rank, so [] says nothing. */
const withInferredShapes = (file: ModelFile, session: ort.InferenceSession): ModelFile => ({
  ...file,
  outputs: file.outputs.map((output): ValueInfo => {
    if (output.shape || output.kind !== 'tensor') return output;
    const known = session.outputMetadata.find(({ name }) => name === output.name);
    return known?.isTensor && known.shape.length > 0
      ? { ...output, shape: known.shape.map((size) => (size === '' ? null : size)) }
      : output;
  }),
});
