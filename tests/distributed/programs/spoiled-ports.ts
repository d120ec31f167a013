import {
  type EventLog,
  type PredictionDoc,
  type PredictionQualityDoc,
  type PredictionStatsDoc,
  TERMINAL_STATUSES,
  type ViewStore,
} from '@hindcast/domain';
import type { Ports } from 'hindcast';

type SpoilStore = <Doc extends { readonly key: string; readonly pos: number }>(store: ViewStore<Doc>) => ViewStore<Doc>;

/** Never resolves: the process is gone, and nothing that it would have done next is done. */
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};

let armed = false;
process.on('SIGUSR2', () => {
  armed = true;
});

const dieAfterAppend = (log: EventLog, type: string | undefined): EventLog => ({
  ...log,
  async append(topic, records) {
    const outcomes = await log.append(topic, records);
    return armed && records.some(({ headers }) => headers['type'] === type) ? die() : outcomes;
  },
});

/** A single one may be of a prediction that is canceled meanwhile, which nobody then runs again. */
const frozenRecordsMin = 2;

const freezeBeforeAppend = (log: EventLog, type: string | undefined): EventLog => {
  let frozen = false;
  return {
    ...log,
    append(topic, records) {
      const count = records.filter(({ headers }) => headers['type'] === type).length;
      if (armed && !frozen && count >= frozenRecordsMin) {
        frozen = true;
        process.kill(process.pid, 'SIGSTOP');
      }
      return log.append(topic, records);
    },
  };
};

const dieBeforeCheckpoint: SpoilStore = (store) => ({
  ...store,
  async save(writes, checkpoint) {
    if (!armed || writes.length === 0) return store.save(writes, checkpoint);
    await store.save(writes);
    return die();
  },
});

const lookMs = 10;

/** Dies when the view that is saved beside it has its checkpoint too: as long as one is behind, all are folded again. */
const checkpointFirst = (
  store: ViewStore<PredictionStatsDoc>,
  beside: Pick<ViewStore<PredictionQualityDoc>, 'checkpoints'>,
): ViewStore<PredictionStatsDoc> => {
  const late = new Set<number>();
  return {
    ...store,
    async save(writes, checkpoint) {
      if (armed && !checkpoint) {
        for (const { doc } of writes) late.add(doc.partition);
        return [];
      }
      const lost = await store.save(writes, checkpoint);
      if (!checkpoint || !late.has(checkpoint.partition)) return lost;
      const { partition, next } = checkpoint;
      const isThere = async () =>
        (await beside.checkpoints()).some((of) => of.partition === partition && of.next >= next);
      while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, lookMs));
      return die();
    },
  };
};

/** Everything looks as if it had not been folded yet. */
const withoutGuard: SpoilStore = (store) => ({
  ...store,
  async load(keys) {
    return new Map(Array.from(await store.load(keys), ([key, doc]) => [key, { ...doc, pos: -1 }]));
  },
  async save(writes, checkpoint) {
    const stored = await store.load(writes.map(({ doc }) => doc.key));
    return store.save(
      writes.map(({ doc }) => ({ doc, base: stored.get(doc.key)?.pos })),
      checkpoint,
    );
  },
});

const withLastEnd = (doc: PredictionDoc): PredictionDoc => {
  const ends = doc.state.history.flatMap(({ type }) =>
    TERMINAL_STATUSES.filter((status) => type.toLowerCase() === `prediction${status}`),
  );
  const last = ends.at(-1);
  return doc.state.status === 'unknown' || !last || ends.length === 1
    ? doc
    : ({ ...doc, state: { ...doc.state, status: last } } as PredictionDoc);
};

const lastEndWins = (store: ViewStore<PredictionDoc>): ViewStore<PredictionDoc> => ({
  ...store,
  save: (writes, checkpoint) =>
    store.save(
      writes.map(({ doc, base }) => ({ doc: withLastEnd(doc), base })),
      checkpoint,
    ),
});

type Spoil = (ports: Ports, which: string | undefined) => Ports;

const inLog =
  (spoil: (log: EventLog, type: string | undefined) => EventLog): Spoil =>
  (ports, type) => ({ ...ports, log: spoil(ports.log, type) });

const inStore =
  (spoil: SpoilStore): Spoil =>
  ({ views, ...ports }, which) => ({
    ...ports,
    views: {
      ...views,
      ...(which === 'stats'
        ? { statsStore: (generation) => spoil(views.statsStore(generation)) }
        : { statusStore: (generation) => spoil(views.statusStore(generation)) }),
    },
  });

const faults: Readonly<Record<string, Spoil>> = {
  'die-after-append': inLog(dieAfterAppend),
  'freeze-before-append': inLog(freezeBeforeAppend),
  'die-before-checkpoint': inStore(dieBeforeCheckpoint),
  'checkpoint-first': ({ views, ...ports }) => ({
    ...ports,
    views: {
      ...views,
      statsStore: (generation) => checkpointFirst(views.statsStore(generation), views.qualityStore(generation)),
    },
  }),
  'no-guard': inStore(withoutGuard),
  'last-end-wins': ({ views, ...ports }) => ({
    ...ports,
    views: { ...views, statusStore: (generation) => lastEndWins(views.statusStore(generation)) },
  }),
};

/**
 * What a process of tests does wrong, as a list. The first ones wait for SIGUSR2 and then kill the process at the next
 * occasion: when an append with an event of that type is in the log and nobody knows of it yet
 * (`die-after-append:PredictionSucceeded`), or when the documents of a save are stored and its checkpoint is not
 * (`die-before-checkpoint:stats`); or stop it, as SIGSTOP does, just before such an append
(`freeze-before-append:PredictionSucceeded`), so that it comes late when the process goes on. The others are bugs: a checkpoint that is stored before its documents, documents that
 * are written over whatever is there, a fold of which the last end wins.
 */
export const spoilPorts = (ports: Ports, list: string): Ports =>
  list
    .split(',')
    .filter(Boolean)
    .reduce((spoiled, text) => {
      const [name = '', which] = text.split(':');
      const spoil = faults[name];
      if (!spoil) throw new Error(`There is no fault ${name}.`);
      return spoil(spoiled, which);
    }, ports);
