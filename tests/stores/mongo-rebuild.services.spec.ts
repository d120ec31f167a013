import { randomUUID } from 'node:crypto';
import { createMongoClient } from '@hindcast/adapters/mongodb';
import { type EventLog, encode, TOPICS, type ViewDatabase } from '@hindcast/domain';
import { anyPredictionEvent, eventKinds, type Random, seededRandom } from '@hindcast/domain/testing';
import { describe, expect, inject, it } from 'vitest';
import { differences } from '../../projectors/src/testing/differences.ts';
import { recordsIn } from '../../projectors/src/testing/projection-world.ts';
import { openLog } from '../services/kafka-log-under-test.ts';
import { waitUntil } from '../services/wait-until.ts';
import { withMongoViews } from './mongo-views.ts';
import { type ProjectorProcess, startProjectorProcess } from './projector-processes.ts';
import { startWatchingReader, type WatchingReader } from './watching-reader.ts';

const { kafka, mongodb } = inject('services');
const topic = TOPICS.predictions;
const name = 'prediction-status';
const partitions = {
  [TOPICS.predictions]: 12,
  [TOPICS.models]: 1,
  [TOPICS.jobs]: 1,
  [TOPICS.audit]: 1,
  [TOPICS.deadLetters]: 3,
};
const ids = 300;
const eventsAtOnce = 5;
/** Projectors that cannot keep up, on a machine that others load as well, get less to do: a rebuild of theirs would never catch up. */
const appendPauseMs = { keepingUp: 50, behind: 500 };
const eventsBehindMax = 200;
const lookMs = 250;
const settleMs = 90_000;
/** A swap holds the views up for less, with all processes alive; a machine that is busy gets some more. */
const pauseMsMax = 5_000;
const pauseResolutionMs = 25;
/** What a killed process held is somebody else's after that. */
const sessionTimeoutMs = 10_000;

const appendForEver = (log: EventLog, random: Random, progress: Stage['progress']) => {
  let stopping = false;
  let appended = 0;
  let pauseMs = appendPauseMs.keepingUp;
  const watch = async () => {
    while (!stopping) {
      const folded = await progress();
      if (folded !== undefined)
        pauseMs = appended - folded > eventsBehindMax ? appendPauseMs.behind : appendPauseMs.keepingUp;
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  };
  const run = async () => {
    while (!stopping) {
      const events = Array.from({ length: eventsAtOnce }, () =>
        anyPredictionEvent({ id: `p-${random(ids)}`, kind: random(eventKinds), number: random(3), rival: random(2) }),
      );
      const records = events.map((event) => encode(event)).map(({ key, value, headers }) => ({ key, value, headers }));
      for (const outcome of await log.append(topic, records)) if (outcome.ok) appended += 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const running = Promise.all([run(), watch()]);
  return {
    stop: async () => {
      stopping = true;
      await running;
    },
  };
};

interface Stage {
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly database: string;
  readonly reader: WatchingReader;
  readonly processes: ProjectorProcess[];
  start(): Promise<ProjectorProcess>;
  /** Sum of all checkpoints, or undefined where the views cannot be read. */
  progress(): Promise<number | undefined>;
  /** Stops the appends, waits until all is folded, and compares with a serial fold of the raw log. */
  settle(): Promise<void>;
}

const onStage = (count: number, play: (stage: Stage) => Promise<void>): Promise<void> =>
  withMongoViews(mongodb ?? '', 4, async ([views, ...others], database) => {
    if (!views) throw new Error('There are no views.');
    const topicPrefix = `${randomUUID()}.`;
    const brokers = kafka ?? [];
    const log = await openLog(brokers, { topicPrefix, partitions });
    const random = seededRandom(count);
    const reader = startWatchingReader(others, () => `default/p-${random(ids)}`);
    const processes: ProjectorProcess[] = [];
    const start = async () => {
      const kafkaOptions = {
        brokers,
        clientId: 'p',
        topicPrefix,
        partitions,
        sessionTimeoutMs,
        replicationFactor: 1,
        minInsyncReplicas: 1,
      };
      const options = { member: randomUUID(), mongodb, database, kafka: kafkaOptions };
      const process = await startProjectorProcess(options, reader.see);
      processes.push(process);
      return process;
    };
    const progress = async () => {
      const checkpoints = await views.reader.checkpoints(name).catch(() => undefined);
      return checkpoints?.reduce((sum, { next }) => sum + next, 0);
    };
    const appends = appendForEver(log, random, progress);
    try {
      await Promise.all(Array.from({ length: count }, start));
      await play({
        log,
        views,
        database,
        reader,
        processes,
        start,
        progress,
        async settle() {
          await appends.stop();
          const ends = await log.bounds(topic);
          await waitUntil('everything is folded', settleMs, async () => {
            const checkpoints = await views.reader.checkpoints(name);
            return ends.every(({ partition, end }) =>
              checkpoints.some((of) => of.partition === partition && of.next === end),
            );
          });
          await reader.stop();
          const live = (await views.generations()).find((of) => of.projection === name && of.state === 'live');
          const wrong = await differences(views, await recordsIn(log, topic), live?.generation);
          expect(wrong).toEqual({ status: [], stats: [], quality: [] });
          expect(reader.movedBack).toEqual([]);
          expect(reader.reads()).toBeGreaterThan(100);
        },
      });
    } finally {
      await appends.stop();
      await reader.stop();
      await Promise.all(processes.map((process) => process.kill()));
      await log.stop();
    }
  });

/** The longest time in which no checkpoint moved, in ms, until `over`. */
const longestPause = async (progress: Stage['progress'], over: Promise<unknown>): Promise<number> => {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  over.then(end, end);
  let last = await progress();
  let at = performance.now();
  let longest = 0;
  while (!isOver) {
    const now = await progress();
    const nowAt = performance.now();
    if (now === last) longest = Math.max(longest, nowAt - at);
    else at = nowAt;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, pauseResolutionMs));
  }
  await over;
  return longest;
};
const goesOn = async ({ progress, log }: Stage): Promise<void> => {
  const ends = (await log.bounds(topic)).reduce((sum, { end }) => sum + end, 0);
  await waitUntil('the views go on', settleMs, async () => ((await progress()) ?? 0) >= ends);
};
const of = (processes: readonly ProjectorProcess[], index: number): ProjectorProcess => {
  const process = processes[index];
  if (!process) throw new Error(`There is no projector ${index}.`);
  return process;
};

describe.skipIf(!kafka || !mongodb)('rebuilds among projector processes on Kafka and MongoDB', () => {
  it('move no read back and fail none, whoever is asked, and hold the views up for a moment', () =>
    onStage(2, async (stage) => {
      const { processes, progress, reader } = stage;
      const [one, two] = [of(processes, 0), of(processes, 1)];
      const pauses: number[] = [];
      for (const [process, what, jobs] of [
        [one, 'rebuild', 1],
        [two, 'undo', 1],
        [two, 'rebuild', 2],
        [one, 'undo', 2],
      ] as const) {
        await goesOn(stage);
        process.ask(what);
        const ended = process.ended(jobs);
        pauses.push(
          await longestPause(
            progress,
            ended.then(() => goesOn(stage)),
          ),
        );
        expect(await ended, process.lines.join('\n')).toBe('done');
      }
      console.log(`Swaps held the views up for ${pauses.map((ms) => `${Math.round(ms)} ms`).join(', ')}.`);
      expect(Math.max(...pauses)).toBeLessThan(pauseMsMax);
      await stage.settle();
      expect(reader.failures).toEqual([]);
    }));

  it('go on when the process that swaps is killed, and when one is frozen for longer than its lease', () =>
    onStage(3, async (stage) => {
      const { processes, reader } = stage;
      await goesOn(stage);
      const [killed, asked, frozen] = [of(processes, 0), of(processes, 1), of(processes, 2)];
      killed.ask('rebuild');
      await waitUntil('it swaps', settleMs, () => killed.phases.includes('swapping'));
      await killed.kill();
      await goesOn(stage);
      await stage.start();
      frozen.signal('SIGSTOP');
      asked.ask('rebuild');
      expect(await asked.ended(1), asked.lines.join('\n')).toBe('done');
      frozen.signal('SIGCONT');
      await goesOn(stage);
      asked.ask('undo');
      expect(await asked.ended(2), asked.lines.join('\n')).toBe('done');
      await stage.settle();
      expect(reader.failures).toEqual([]);
    }));

  it('are made by themselves when the store is emptied, whole or in part', () =>
    onStage(2, async (stage) => {
      const client = createMongoClient(mongodb ?? '');
      const db = client.db(stage.database);
      const live = async () =>
        (await stage.views.generations()).find((one) => one.projection === name && one.state === 'live');
      const view = async () => `prediction_status_v${(await live())?.generation}`;
      const losses = [
        () => db.dropDatabase(),
        () => db.collection('view_checkpoints').deleteMany({}),
        () => db.collection('view_generations').deleteMany({}),
        async () => db.collection(await view()).drop(),
      ];
      const times: number[] = [];
      for (const lose of losses) {
        await goesOn(stage);
        const before = await live();
        await lose();
        const begin = performance.now();
        await waitUntil('the views are back', settleMs, async () => {
          const now = await live();
          return now !== undefined && now.createdAt !== before?.createdAt;
        });
        times.push(performance.now() - begin);
        const indexes = await db.collection(await view()).indexes();
        expect(indexes.map((index) => index.name)).toContain('entity');
      }
      console.log(`The views were back after ${times.map((ms) => `${Math.round(ms)} ms`).join(', ')}.`);
      await goesOn(stage);
      await client.close();
      await stage.settle();
    }));
});
