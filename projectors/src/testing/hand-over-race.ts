import {
  type EventLog,
  type PredictionDoc,
  TOPICS,
  type ViewDatabase,
  type ViewHandOver,
  type ViewStore,
} from '@hindcast/domain';
import { createMemoryViews } from '@hindcast/domain/in-memory';
import { anyPredictionEvent, eventKinds, seededRandom } from '@hindcast/domain/testing';
import { silentProjection } from '../projection-parts.ts';
import { createProjections, type Projections } from '../projections.ts';
import type { CrewTime } from '../projector-crew.ts';
import { differences } from './differences.ts';
import { createProjectionWorld, recordsIn } from './projection-world.ts';
import { type RunningRebuild, runRebuild } from './run-rebuild.ts';
import { createVirtualTime, killed, type VirtualTime } from './virtual-time.ts';

/** Makes a process break one of the rules: the race must then find reads that move back, or it proves nothing. */
export interface Spoil {
  handOver?(handOver: ViewHandOver): ViewHandOver;
  time?(time: CrewTime): CrewTime;
}

const keys = 6;
const processesAtOnce = 3;
const readers = 3;
const pointerAgeMs = 250;
const freezeMsMin = 3_000;
const freezeMsMax = 9_000;
const beatLatencyMsMax = 150;
const faultOneIn = 120;
const faultsMax = 5;
const eventsOneIn = 4;
const jobsMax = 4;
const eventsBeforeJobs = 40;
const readsPerStep = 3;
const stepsMax = 150_000;
/** Quiet steps behind which nothing more is to come. */
const settledSteps = 40;

/** Makes every call of a store a point at which its process waits or dies. A write has left when its process may be frozen. */
const gatedViews = (views: ViewDatabase, time: VirtualTime, process: string, spoil: Spoil): ViewDatabase => {
  const after = async <T>(call: () => Promise<T>): Promise<T> => {
    if (time.isDead(process)) throw killed;
    const answer = await call();
    await time.gate(process);
    return answer;
  };
  const gated = <D extends { readonly key: string; readonly pos: number }>(store: ViewStore<D>): ViewStore<D> => ({
    load: (of) => after(() => store.load(of)),
    save: (writes, checkpoint) => after(() => store.save(writes, checkpoint)),
    checkpoints: () => after(() => store.checkpoints()),
    scan: () => store.scan(),
  });
  const handOver = spoil.handOver?.(views.handOver) ?? views.handOver;
  return {
    reader: views.reader,
    handOver: {
      async beat(member) {
        const situation = await after(() => handOver.beat(member));
        // Others of its connections may be quicker.
        await time.gate(process, beatLatencyMsMax);
        return situation;
      },
      forget: (member) => after(() => handOver.forget(member)),
      hold: (hold) => after(() => handOver.hold(hold)),
      release: (hold) => after(() => handOver.release(hold)),
    },
    generations: () => after(() => views.generations()),
    create: (projection) => after(() => views.create(projection)),
    async promote(projection, generation, under) {
      await after(() => views.promote(projection, generation, under));
      await time.sleep(process, pointerAgeMs + 1).over;
    },
    drop: (projection, generation) => after(() => views.drop(projection, generation)),
    statusStore: (generation) => gated(views.statusStore(generation)),
    statsStore: (generation) => gated(views.statsStore(generation)),
    qualityStore: (generation) => gated(views.qualityStore(generation)),
    labelsStore: (generation) => gated(views.labelsStore(generation)),
    modelStore: (generation) => gated(views.modelStore(generation)),
  };
};

/** The consumers of a process that dies leave their group. */
const mortalLog = (log: EventLog, died: Promise<never>): EventLog => ({
  ...log,
  async consume(subscription, handlers) {
    const consumer = await log.consume(subscription, {
      ...handlers,
      onBatch: (batch) => Promise.race([handlers.onBatch(batch), died]),
      onAssigned: async (...of) => Promise.race([handlers.onAssigned?.(...of), died]),
    });
    died.catch(() => void consumer.stop());
    return consumer;
  },
});

interface Process {
  readonly name: string;
  readonly projections: Projections;
  die(): void;
}

/** Reads through the generation that it knows to be live, which may be known for a while. */
const laggingReader = (views: ViewDatabase, time: VirtualTime) => {
  let known: number | undefined;
  let knownAt = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    const live = (await views.generations()).find((of) => of.projection === 'prediction-status' && of.state === 'live');
    known = live?.generation;
    knownAt = time.nowMs();
  };
  const load = async (key: string): Promise<PredictionDoc | undefined> => {
    const found = known === undefined ? undefined : (await views.statusStore(known).load([key])).get(key);
    return found;
  };
  /** undefined where it is refused. */
  return async (key: string): Promise<{ readonly doc: PredictionDoc | undefined } | undefined> => {
    if (time.nowMs() - knownAt > pointerAgeMs) await look();
    const before = known;
    const doc = await load(key).catch(() => undefined);
    if (doc) return { doc };
    await look();
    if (known === undefined) return undefined;
    return known === before ? { doc } : { doc: await load(key) };
  };
};

export interface RaceResult {
  /** Reads that said less than what had been read or announced before. */
  readonly movedBack: readonly string[];
  /** Documents of the live generation that a serial fold of the log does not make. */
  readonly wrong: readonly string[];
  /** Whether everything was folded at the end. */
  readonly finished: boolean;
  readonly promoted: number;
}

/**
 * Some projector processes over one log and one view database, a rebuild and an undo asked of any of them, while events
 * come and readers read. Now and then a process is killed, and replaced by a new one, or frozen for longer than its lease,
 * or the store is emptied.
 */
export const handOverRace = async (
  seed: number,
  { faults = true, losses = false, spoil = {} }: { faults?: boolean; losses?: boolean; spoil?: Spoil } = {},
): Promise<RaceResult> => {
  const random = seededRandom(seed);
  const world = createProjectionWorld();
  const views = createMemoryViews({ now: world.now });
  const time = createVirtualTime(random);
  const movedBack: string[] = [];
  const seen = new Map<string, number>();
  const see = (key: string, pos: number): void => void seen.set(key, Math.max(pos, seen.get(key) ?? -1));
  const processes: Process[] = [];
  let started = 0;
  let promoted = 0;

  const start = async (): Promise<void> => {
    started += 1;
    const name = `process-${started}`;
    let reject: (error: Error) => void = () => {};
    const died = new Promise<never>((_, no) => {
      reject = no;
    });
    died.catch(() => undefined);
    const machine: CrewTime = { monotonicMs: time.nowMs, sleep: (ms) => time.sleep(name, ms) };
    const projections = createProjections(
      {
        ...world,
        log: mortalLog(world.log, died),
        views: gatedViews(views, time, name, spoil),
        bus: {
          ...world.bus,
          publish: (docs) => {
            if (!time.isDead(name)) for (const { key, pos } of docs) see(key, pos);
          },
        },
      },
      { member: name, time: spoil.time?.(machine) ?? machine },
    );
    const die = (): void => {
      time.kill(name);
      reject(killed);
    };
    processes.push({ name, projections, die });
    await projections.start().catch(() => undefined);
  };
  const anyone = (): Process | undefined => processes[random(processes.length)];
  for (let i = 0; i < processesAtOnce; i += 1) void start();

  let appended = 0;
  const appendSome = async (): Promise<void> => {
    const events = Array.from({ length: 1 + random(2) }, () =>
      anyPredictionEvent({ id: `p-${random(keys)}`, kind: random(eventKinds), number: random(3), rival: random(2) }),
    );
    appended += events.length;
    await world.append(events);
  };
  let failed = 0;
  const fail = (): void => {
    const process = anyone();
    if (!process) return;
    failed += 1;
    const kind = random(losses ? 3 : 2);
    if (kind === 0) time.freeze(process.name, freezeMsMin + random(freezeMsMax - freezeMsMin));
    else if (kind === 1) {
      process.die();
      processes.splice(processes.indexOf(process), 1);
      void start();
    } else views.lose('prediction-status');
  };
  const reads = Array.from({ length: readers }, () => laggingReader(views, time));
  const read = async (): Promise<void> => {
    const key = `default/p-${random(keys)}`;
    const before = seen.get(key);
    const answer = await reads[random(readers)]?.(key);
    if (!answer) return;
    const pos = answer.doc?.pos ?? -1;
    if (before !== undefined && pos < before) movedBack.push(`${key} from ${before} to ${pos}`);
    else if (pos >= 0) see(key, pos);
  };
  /** Asks for the next job once the last one has ended, or died. */
  let jobs = 0;
  let current: { readonly process: Process; readonly job: RunningRebuild } | undefined;
  const work = (): void => {
    if (current && processes.includes(current.process)) {
      const outcome = current.job.outcome();
      if (!outcome) return;
      if (outcome === 'done') promoted += 1;
    }
    current = undefined;
    const process = anyone();
    if (!process || jobs >= jobsMax || appended < eventsBeforeJobs) return;
    jobs += 1;
    current = { process, job: runRebuild(process.projections, random(3) === 0 ? 'undo' : 'rebuild') };
  };
  const isWorkDone = (): boolean => jobs >= jobsMax && current === undefined;
  const isDone = async (): Promise<boolean> => {
    if (!isWorkDone()) return false;
    const ends = await world.log.bounds(TOPICS.predictions);
    const live = (await views.generations()).find((of) => of.projection === 'prediction-status' && of.state === 'live');
    if (!live) return false;
    // A process that is frozen between two views has still to write the second.
    const folded = await silentProjection(views, 'prediction-status', live.generation).checkpoints();
    return folded.every((checkpoints) =>
      ends.every(({ partition, end }) => checkpoints.some((of) => of.partition === partition && of.next === end)),
    );
  };

  let quiet = 0;
  for (let step = 0; step < stepsMax && quiet < settledSteps; step += 1) {
    await time.step();
    if (!isWorkDone() && random(eventsOneIn) === 0) await appendSome();
    if (faults && failed < faultsMax && random(faultOneIn) === 0) fail();
    work();
    for (let i = 0; i < readsPerStep; i += 1) await read();
    quiet = (await isDone()) ? quiet + 1 : 0;
  }
  const finished = quiet >= settledSteps;
  for (const { die } of processes) die();
  const live = (await views.generations()).find((of) => of.projection === 'prediction-status' && of.state === 'live');
  const found = await differences(views, await recordsIn(world.log, TOPICS.predictions), live?.generation ?? 1);
  await world.log.stop();
  return { movedBack, wrong: [...found.status, ...found.stats, ...found.quality], finished, promoted };
};
