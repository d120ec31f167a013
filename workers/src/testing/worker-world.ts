import { createHash } from 'node:crypto';
import {
  type AppendOutcome,
  type EventLog,
  encode,
  evolvePrediction,
  type Identity,
  LogError,
  type ModelEvent,
  type ModelSettings,
  type ModelSignature,
  openModelCatalog,
  type PredictionEvent,
  type PredictionRequested,
  type PredictionState,
  type RecordedRecord,
  type Tensor,
  TOPICS,
  unknownPrediction,
} from '@hindcast/domain';
import {
  createInMemoryModelRuntime,
  createMemoryArtifactStore,
  createMemoryEventLog,
  type TensorFunction,
} from '@hindcast/domain/in-memory';
import { aModelRegistered, aPredictionRequested } from '@hindcast/domain/testing';
import { predictionEventOf } from '../record-intake.ts';

/** One number in, one number out. */
export const scalarSignature: ModelSignature = {
  batched: true,
  inputs: [{ name: 'x', datatype: 'float64', shape: [null] }],
  outputs: [{ name: 'y', datatype: 'float64', shape: [null] }],
  features: [{ name: 'x', input: 'x', datatype: 'float64', shape: [], missing: 'nan' }],
  replayable: true,
};

/** A list of numbers in, their sum out: lists of different lengths do not fit into one run. */
export const listSignature: ModelSignature = {
  ...scalarSignature,
  inputs: [{ name: 'x', datatype: 'float64', shape: [null, null] }],
  features: [{ name: 'x', input: 'x', datatype: 'float64', shape: [null], missing: 'refuse' }],
};

export const rowsOf = (inputs: readonly Tensor[]): number[][] => {
  const x = inputs[0] as Tensor;
  const rows = x.shape[0] ?? 1;
  const data = Array.from(x.data as Float64Array);
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, i) => data.slice(i * width, (i + 1) * width));
};
export const answering = (values: readonly number[]): readonly Tensor[] => [
  { name: 'y', datatype: 'float64', shape: [values.length], data: Float64Array.from(values) },
];
/** y = 2 · sum(x) */
export const doubling: TensorFunction = (inputs) =>
  answering(rowsOf(inputs).map((row) => 2 * row.reduce((a, b) => a + b, 0)));

const sha256: Identity['sha256'] = (data) => createHash('sha256').update(data).digest('hex');

/** Lets everything that is ready to go on do so, until the condition holds. */
export const until = async (condition: () => boolean, turnsMax = 20_000): Promise<void> => {
  for (let turn = 0; turn < turnsMax; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`Not reached: ${condition}`);
};
/** Enough turns for whatever could still happen without time passing. */
export const settled = async (turns = 60): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export interface Ask extends Partial<PredictionRequested['data']> {
  readonly id?: string;
  readonly x?: number | readonly number[];
  readonly eventId?: string;
  readonly tenant?: string;
}

/** A log, a runtime and models in memory, for scenarios. Time is `Date.now`, which tests may fake. */
export const createWorkerWorld = async ({ slots = 2, partitions = 2 } = {}) => {
  let made = 0;
  const now = () => Date.now();
  const newId = () => `id-${++made}`;
  const identity: Identity = { now, newId, idFromText: (text) => text, sha256 };
  const inner = createMemoryEventLog({
    now,
    newId,
    partitions: {
      [TOPICS.predictions]: partitions,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 2,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
  });
  const records: RecordedRecord[] = [];
  const appends: string[][] = [];
  let refusals = 0;
  const log: EventLog = {
    ...inner,
    async append(topic, batch): Promise<AppendOutcome[]> {
      if (refusals > 0) {
        refusals -= 1;
        return batch.map(() => ({ ok: false, error: new LogError('unavailable', 'The log is away.') }));
      }
      if (topic === TOPICS.predictions) appends.push(batch.map((record) => record.headers['type'] ?? ''));
      return inner.append(topic, batch);
    },
  };
  const runtime = createInMemoryModelRuntime({ slots });
  const artifacts = createMemoryArtifactStore({ sha256 });
  const catalog = await openModelCatalog(log);
  const digests = new Map<string, string>();

  const readAll = async () => {
    records.length = 0;
    for (let partition = 0; partition < partitions; partition++) {
      for await (const page of inner.read({ topic: TOPICS.predictions, partition, from: 0 })) records.push(...page);
    }
    return records;
  };
  const events = async (): Promise<PredictionEvent[]> =>
    (await readAll()).flatMap((record) => predictionEventOf(record) ?? []);

  return {
    ports: { log, runtime, catalog, artifacts, identity },
    log,
    runtime,
    catalog,
    artifacts,
    identity,
    /** Types of the records of each append to the predictions topic. */
    appends,
    events,
    refuseAppends(times: number) {
      refusals = times;
    },
    async tell(...told: (PredictionEvent | ModelEvent)[]) {
      for (const event of told) {
        const topic = event.type.startsWith('Model') ? TOPICS.models : TOPICS.predictions;
        await inner.append(topic, [encode(event)]);
      }
    },
    async register(
      name: string,
      model: TensorFunction = doubling,
      { signature = scalarSignature, ...settings }: Partial<ModelSettings> & { signature?: ModelSignature } = {},
    ) {
      const digest = sha256(name);
      digests.set(name, digest);
      runtime.serve(digest, model);
      const event = aModelRegistered({
        name,
        eventId: newId(),
        sha256: digest,
        signature,
        settings: { pool: 'default', deadlineMs: 60_000, timeoutMs: 10_000, batchMax: 64, ...settings },
      });
      await inner.append(TOPICS.models, [encode(event)]);
      return digest;
    },
    requested({ id = newId(), model = 'double', x = 1, eventId = `request-${id}`, ...data }: Ask = {}) {
      const digest = digests.get(model) ?? sha256(model);
      return aPredictionRequested({ id, eventId, model, sha256: digest, input: { x }, ...data });
    },
    async ask(...asks: Ask[]) {
      await inner.append(
        TOPICS.predictions,
        asks.map((ask) => encode(this.requested(ask))),
      );
    },
    /** What the one judge makes of the log, by prediction id. */
    async states(): Promise<Map<string, PredictionState>> {
      const states = new Map<string, PredictionState>();
      for (const record of await readAll()) {
        const event = predictionEventOf(record);
        if (!event) continue;
        const { offset, appendedAt } = record;
        const before = states.get(event.subject) ?? unknownPrediction;
        states.set(event.subject, evolvePrediction(before, { event, offset, appendedAt }).state);
      }
      return states;
    },
    async close() {
      await catalog.stop();
      await runtime.stop();
      await inner.stop();
    },
  };
};

export type WorkerWorld = Awaited<ReturnType<typeof createWorkerWorld>>;
