import { buildHttpServer } from '@hindcast/adapters/http';
import { nodeAuditCrypto, nodeIdentity } from '@hindcast/adapters/node';
import {
  type CompletionBus,
  type DomainEvent,
  decode,
  encode,
  evolveModel,
  evolvePrediction,
  isJobEvent,
  type Logger,
  type ModelDoc,
  type ModelEvent,
  openJobCatalog,
  type Position,
  type PredictionDoc,
  type PredictionEvent,
  type RecordedRecord,
  TOPICS,
  type Topic,
  unknownModel,
  unknownPrediction,
} from '@hindcast/domain';
import {
  createMemoryArtifactStore,
  createMemoryCompletionBus,
  createMemoryEventLog,
  createMemoryResultCache,
  createMemoryViews,
} from '@hindcast/domain/in-memory';
import { queryApi } from '../query-api.ts';
import type { QueryLimits, QueryPorts } from '../query-ports.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The query API on ports in memory, whose views move only when `fold` is called. */
export const queryWorld = async (given: { limits?: Partial<QueryLimits>; ports?: Partial<QueryPorts> } = {}) => {
  let skewMs = 0;
  const now = () => Date.now() + skewMs;
  const log = createMemoryEventLog({
    partitions: {
      [TOPICS.predictions]: 4,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 2,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
    now,
    newId: nodeIdentity.newId,
  });
  const jobs = await openJobCatalog(log);
  const views = createMemoryViews({ now });
  const memoryBus = createMemoryCompletionBus();
  let listeners = 0;
  const bus: CompletionBus = {
    publish: memoryBus.publish,
    subscribe(key, listener) {
      const stop = memoryBus.subscribe(key, listener);
      listeners += 1;
      return () => {
        listeners -= 1;
        stop();
      };
    },
  };
  const artifacts = createMemoryArtifactStore({ sha256: nodeIdentity.sha256 });
  const ports: QueryPorts = {
    log,
    views: views.reader,
    bus,
    cache: createMemoryResultCache(),
    artifacts,
    jobs,
    projections: views,
    identity: { ...nodeIdentity, now },
    auditCrypto: nodeAuditCrypto,
    logger: silent,
    ...given.ports,
  };
  const app = buildHttpServer({
    openapi: { title: 'Query', version: '0.1.0', description: 'Reads' },
    metrics: { contentType: 'text/plain', metrics: async () => '' },
  });
  app.register(queryApi(ports, { version: '0.1.0', limits: { viewWaitMsMax: 2_000, viewPollMs: 2, ...given.limits } }));
  await app.ready();

  const folded = new Map<string, number>();
  /** Folds one partition to its end, as a projector would: documents, then the checkpoint, then the notices. */
  const foldPartition = async (topic: Topic, partition: number, announce: boolean) => {
    const bounds = (await log.bounds(topic))[partition];
    if (!bounds) return;
    const from = folded.get(`${topic}/${partition}`) ?? 0;
    const docs = new Map<string, PredictionDoc & ModelDoc>();
    const bases = new Map<string, number | undefined>();
    const store = topic === TOPICS.models ? views.modelStore(1) : views.statusStore(1);
    for await (const page of log.read({ topic, partition, from, to: bounds.end })) {
      const missing = page.map(({ key }) => key).filter((key) => !docs.has(key));
      for (const [key, doc] of await store.load(missing)) {
        docs.set(key, doc as PredictionDoc & ModelDoc);
        bases.set(key, doc.pos);
      }
      for (const record of page) {
        const doc = evolved(record, docs.get(record.key), bounds.epoch);
        if (doc) docs.set(record.key, doc);
      }
    }
    const writes = [...docs.values()].map((doc) => ({ doc, base: bases.get(doc.key) }));
    const { logId, epoch } = bounds;
    const checkpoint = { logId, epoch, partition, next: bounds.end };
    const lost = await (store as { save(w: unknown, c: unknown): Promise<readonly string[]> }).save(writes, checkpoint);
    if (lost.length > 0) throw new Error(`lost ${lost.join()}`);
    folded.set(`${topic}/${partition}`, bounds.end);
    if (announce && topic === TOPICS.predictions) bus.publish([...docs.values()]);
  };

  return {
    app,
    artifacts,
    log,
    views,
    ports,
    get listeners(): number {
      return listeners;
    },
    /** Moves the clock of the log and of the API. */
    skew(ms: number): void {
      skewMs += ms;
    },
    async append(...events: DomainEvent[]): Promise<Position> {
      let last: Position | undefined;
      for (const event of events) {
        const topic = topicOf(event);
        const [outcome] = await log.append(topic, [encode(event)]);
        if (!outcome?.ok) throw new Error('not appended');
        last = outcome.position;
      }
      if (!last) throw new Error('nothing to append');
      return last;
    },
    async fold({ announce = true }: { announce?: boolean } = {}): Promise<void> {
      for (const topic of [TOPICS.predictions, TOPICS.models]) {
        for (const { partition } of await log.bounds(topic)) await foldPartition(topic, partition, announce);
      }
    },
    get: (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers }),
    async listen(): Promise<string> {
      await app.listen({ port: 0, host: '127.0.0.1' });
      const address = app.server.address();
      if (typeof address !== 'object' || address === null) throw new Error('not listening');
      return `http://127.0.0.1:${address.port}`;
    },
    close: async () => {
      await app.close();
      await jobs.stop();
      await log.stop();
    },
  };
};
const topicOf = (event: DomainEvent): Topic => {
  if (isJobEvent(event)) return TOPICS.jobs;
  return event.type.startsWith('Model') ? TOPICS.models : TOPICS.predictions;
};
export type QueryWorld = Awaited<ReturnType<typeof queryWorld>>;

const evolved = (
  record: RecordedRecord,
  before: (PredictionDoc & ModelDoc) | undefined,
  epoch: number,
): (PredictionDoc & ModelDoc) | undefined => {
  const decoded = decode(record);
  if (!decoded.ok || decoded.event.type === 'LogOpened') return before;
  const { key, partition, offset, appendedAt } = record;
  const { event } = decoded;
  const named = { key, tenant: event.tenant, id: event.subject, name: event.subject, epoch, partition, pos: offset };
  const state = event.type.startsWith('Model')
    ? evolveModel(before?.state ?? unknownModel, { event: event as ModelEvent, offset, appendedAt }).state
    : evolvePrediction(before?.state ?? unknownPrediction, { event: event as PredictionEvent, offset, appendedAt })
        .state;
  return { ...named, state } as PredictionDoc & ModelDoc;
};
