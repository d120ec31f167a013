import { buildHttpServer, type HttpServer } from '@hindcast/adapters/http';
import { nodeIdentity } from '@hindcast/adapters/node';
import {
  decode,
  type EventLog,
  encode,
  evolvePrediction,
  type JobEvent,
  type LogConsumer,
  type ModelEvent,
  type ModelSignature,
  openJobCatalog,
  openModelCatalog,
  type PredictionDoc,
  type PredictionEvent,
  parsePosition,
  TOPICS,
  unknownPrediction,
} from '@hindcast/domain';
import {
  createInMemoryModelRuntime,
  createMemoryArtifactStore,
  createMemoryCompletionBus,
  createMemoryEventLog,
  createMemoryReservations,
  createMemoryResultCache,
  createMemoryViews,
} from '@hindcast/domain/in-memory';
import { aModelRegistered, aPredictionFailed, aPredictionSucceeded } from '@hindcast/domain/testing';
import { commandApi } from '../command-api.ts';
import type { CommandLimits, CommandPorts } from '../command-ports.ts';

const nothing = () => {};
const partitions = 3;

/** Two numbers and a text by name, one probability as the answer. */
export const churnSignature: ModelSignature = {
  batched: true,
  inputs: [
    { name: 'tenure', datatype: 'float32', shape: [null, 1] },
    { name: 'visits', datatype: 'int64', shape: [null, 1] },
    { name: 'plan', datatype: 'string', shape: [null, 1] },
  ],
  outputs: [{ name: 'probability', datatype: 'float32', shape: [null, 1] }],
  features: [
    { name: 'tenure', input: 'tenure', datatype: 'float32', shape: [], missing: 'nan' },
    { name: 'visits', input: 'visits', datatype: 'int64', shape: [], missing: 'refuse' },
    { name: 'plan', input: 'plan', datatype: 'string', shape: [], missing: 'refuse' },
  ],
  replayable: true,
};
export const churnInput = { tenure: 14, visits: 3, plan: 'basic' };

/** The command side on in-memory ports, with a projector that can be held and work that ends when a test says so. */
export const createCommandWorld = async (
  overrides: {
    readonly ports?: Partial<CommandPorts>;
    readonly limits?: Partial<CommandLimits>;
    /** The log as the command side is to see it. */
    readonly log?: (log: EventLog) => CommandPorts['log'];
  } = {},
) => {
  const log = createMemoryEventLog({
    partitions: {
      [TOPICS.predictions]: partitions,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 2,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
    now: nodeIdentity.now,
    newId: nodeIdentity.newId,
    onConsumerFailure: nothing,
  });
  const catalog = await openModelCatalog(log);
  const jobs = await openJobCatalog(log);
  const database = createMemoryViews({ now: nodeIdentity.now });
  const store = database.statusStore(1);
  const bus = createMemoryCompletionBus();
  const runtime = createInMemoryModelRuntime();
  const artifacts = createMemoryArtifactStore({ sha256: nodeIdentity.sha256 });
  const workers: LogConsumer[] = [];
  let released: Promise<void> = Promise.resolve();
  let release = nothing;
  const logId = (await log.bounds(TOPICS.predictions))[0]?.logId ?? '';

  const projector = await log.consume(
    { topic: TOPICS.predictions, group: 'status' },
    {
      async onBatch({ partition, records }) {
        await released;
        const changed = new Map<string, PredictionDoc>();
        const stored = await store.load(records.map(({ key }) => key));
        const bases = new Map([...stored].map(([key, { pos }]) => [key, pos]));
        for (const record of records) {
          const decoded = decode(record);
          if (!decoded.ok || !decoded.event.type.startsWith('Prediction')) continue;
          const event = decoded.event as PredictionEvent;
          const before = changed.get(record.key) ?? stored.get(record.key);
          const { offset, appendedAt, key } = record;
          const { state } = evolvePrediction(before?.state ?? unknownPrediction, { event, offset, appendedAt });
          const { tenant, subject: id } = event;
          changed.set(key, { key, tenant, id, epoch: 0, partition, pos: offset, state });
        }
        const docs = [...changed.values()];
        await store.save(
          docs.map((doc) => ({ doc, base: bases.get(doc.key) })),
          { logId, epoch: 0, partition, next: (records.at(-1)?.offset ?? 0) + 1 },
        );
        bus.publish(docs);
      },
    },
  );

  const ports: CommandPorts = {
    log: overrides.log?.(log) ?? log,
    catalog,
    jobs,
    projections: database,
    datasets: { extractor: { name: 'fold/1', formats: ['ndjson', 'csv'] }, redactionKeyId: undefined },
    views: database.reader,
    bus,
    cache: createMemoryResultCache(),
    reservations: createMemoryReservations({ now: nodeIdentity.now }),
    // The in-memory runtime knows files by any name, so the digest will do as a path.
    artifacts: { ...artifacts, localPath: async (sha256) => sha256 },
    runtime,
    backlog: { expectedWaitMs: () => 0, open: () => 0, openOf: () => 0, countedTo: () => Number.POSITIVE_INFINITY },
    identity: nodeIdentity,
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    ...overrides.ports,
  };
  const app: HttpServer = buildHttpServer({ openapi: { title: 'Test', version: '1', description: 'Test' } });
  const undocumented: string[] = [];
  app.addHook('onResponse', async ({ method, url, routeOptions }, { statusCode }) => {
    const response = (routeOptions.schema?.response ?? {}) as Readonly<Record<number, unknown>>;
    const documented = routeOptions.url === undefined || routeOptions.schema?.hide === true || statusCode in response;
    if (!documented) undocumented.push(`${method} ${url} ${statusCode}`);
  });
  app.register(commandApi(ports, overrides.limits));

  const events = async (): Promise<PredictionEvent[]> => {
    const found: PredictionEvent[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      for await (const page of log.read({ topic: TOPICS.predictions, partition, from: 1 })) {
        for (const { event } of page) found.push(event as PredictionEvent);
      }
    }
    return found;
  };
  const requestOf = async (id: string) => {
    const found = (await events()).find(({ subject, type }) => subject === id && type === 'PredictionRequested');
    if (!found) throw new Error(`No request for ${id} is in the log.`);
    return found;
  };
  const appendEvent = (event: PredictionEvent) => log.append(TOPICS.predictions, [encode(event)]);

  return {
    app,
    ports,
    log,
    runtime,
    events,
    appendEvent,
    database,
    async tellJob(...told: JobEvent[]) {
      await log.append(
        TOPICS.jobs,
        told.map((event) => encode(event)),
      );
      await jobs.catchUp();
    },
    send: (method: 'POST' | 'PUT' | 'DELETE' | 'GET', url: string, payload?: object | string, headers: object = {}) =>
      app.inject({
        method,
        url,
        ...(payload === undefined ? {} : { payload }),
        headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      }),
    /** Registers a version of `churn` as the log would have it from anybody. */
    async haveModel(data: Parameters<typeof aModelRegistered>[0] = {}) {
      const event = aModelRegistered({ signature: churnSignature, eventId: nodeIdentity.newId(), ...data });
      await this.haveModelEvent(event);
    },
    async haveModelEvent(event: ModelEvent) {
      await log.append(TOPICS.models, [encode({ ...event, id: nodeIdentity.newId() })]);
      await catalog.catchUp();
    },
    async succeed(id: string, output: unknown = { probability: 0.25 }) {
      const cause = (await requestOf(id)).id;
      await appendEvent(aPredictionSucceeded({ id, cause, eventId: nodeIdentity.newId(), output }));
    },
    /** From now on every request is answered with what the function makes of its input. */
    async answerAll(model: (input: unknown) => unknown) {
      workers.push(
        await log.consume(
          { topic: TOPICS.predictions, group: 'workers' },
          {
            async onBatch({ records }) {
              for (const { event } of records) {
                if (event?.type !== 'PredictionRequested') continue;
                const { subject: id, id: cause, data } = event;
                const eventId = nodeIdentity.newId();
                await appendEvent(aPredictionSucceeded({ id, cause, eventId, output: model(data.input) }));
              }
            },
          },
        ),
      );
    },
    async fail(id: string) {
      const cause = (await requestOf(id)).id;
      await appendEvent(aPredictionFailed({ id, cause, eventId: nodeIdentity.newId() }));
    },
    /** The view stays as it is until `releaseViews`. */
    holdViews() {
      released = new Promise((resolve) => {
        release = resolve;
      });
    },
    releaseViews: () => release(),
    /** Resolves when the view has folded a position. */
    async seen(position: unknown) {
      const at = parsePosition(String(position));
      if (!at) throw new Error(`${String(position)} is no position.`);
      for (;;) {
        const known = await database.reader.checkpoints('prediction-status');
        if (known.some(({ partition, next }) => partition === at.partition && next > at.offset)) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    /** Fails where an answer had a status that the description of its route does not list. */
    async close() {
      release();
      await app.close();
      for (const running of [...workers, projector]) await running.stop();
      await catalog.stop();
      await jobs.stop();
      await log.stop();
      if (undocumented.length > 0) throw new Error(`Undocumented statuses: ${undocumented.join(', ')}`);
    },
  };
};

export type CommandWorld = Awaited<ReturnType<typeof createCommandWorld>>;
