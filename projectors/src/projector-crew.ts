import { type Logger, promotedHold, type ViewDatabase, type ViewHold, type ViewSituation } from '@hindcast/domain';

/** A process of which nothing was heard for so long folds no more. */
export const memberLeaseMs = 5_000;
/** A process that has not looked for so long begins no batch before it has: earlier than the others count it out. */
const lookAgeMsMax = 4_000;
/** How often each looks, and how often while a projection stands still. */
const lookMs = 250;
const lookWhileHeldMs = 50;

/** A clock that only runs forward, and a pause that `wake` may cut short. */
export interface CrewTime {
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number) => { readonly over: Promise<void>; wake(): void };
}

/** The processes that fold the same views, as one of them sees them. */
export interface ProjectorCrew {
  readonly id: string;
  readonly monotonicMs: () => number;
  /** Resolves after the first look. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves after a look that begins after the call. */
  nextLook(): Promise<ViewSituation>;
  /** undefined where the last look is young enough to begin a batch by. */
  whenFresh(): Promise<void> | undefined;
  /** false where another hold of the projection is there. */
  take(hold: ViewHold): Promise<boolean>;
  /** Resolves also where the store does not answer: the hold goes when it does. */
  release(hold: ViewHold): Promise<void>;
  /** Says that no batch begins here while the hold is there. */
  acknowledge(hold: ViewHold): void;
  /** Whether everybody who lives has said so. */
  hasStopped(hold: ViewHold, situation: ViewSituation): boolean;
}

export const createProjectorCrew = ({
  views,
  id,
  time,
  logger,
  onLook,
}: {
  readonly views: Pick<ViewDatabase, 'handOver'>;
  readonly id: string;
  readonly time: CrewTime;
  readonly logger?: Logger | undefined;
  /** Called before anybody may go by the look. */
  readonly onLook: (situation: ViewSituation) => void;
}): ProjectorCrew => {
  const { handOver } = views;
  /**
   * When the count of a member was seen to change last. One whose name has gone is remembered until it would be silent:
   * it may live, and somebody may have emptied the store.
   */
  const heard = new Map<string, { readonly beat: number; readonly at: number }>();
  /** When a hold was seen first. */
  const heldSince = new Map<string, number>();
  let acknowledged = new Set<string>();
  /** Holds of this process. */
  const mine = new Set<string>();
  let beat = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** Since when this process has looked without a gap: who began just now, or was frozen, has heard of nobody's silence. */
  let awakeSince = Number.POSITIVE_INFINITY;
  let isHeld = false;
  let stopping = false;
  let pause: ReturnType<CrewTime['sleep']> | undefined;
  let asked: { readonly resolve: (situation: ViewSituation) => void; readonly reject: (error: unknown) => void }[] = [];
  let living: Promise<void> | undefined;

  const isOver = (at: number | undefined): boolean => at !== undefined && time.monotonicMs() - at >= memberLeaseMs;
  const isSilent = (name: string): boolean => isOver(heard.get(name)?.at);
  const listen = ({ members, holds }: ViewSituation): void => {
    const at = time.monotonicMs();
    for (const { id: name, beat: count } of members)
      if (heard.get(name)?.beat !== count) heard.set(name, { beat: count, at });
    for (const name of heard.keys())
      if (isSilent(name) && !members.some((member) => member.id === name)) heard.delete(name);
    for (const { id: name } of holds) if (!heldSince.has(name)) heldSince.set(name, at);
    for (const name of heldSince.keys()) if (!holds.some((hold) => hold.id === name)) heldSince.delete(name);
  };
  const isLeft = (hold: ViewHold): boolean => {
    if (hold.by === id) return !mine.has(hold.id);
    return isOver(heldSince.get(hold.id)) && (!heard.has(hold.by) || isSilent(hold.by));
  };
  const tidy = async ({ members, holds }: ViewSituation): Promise<void> => {
    for (const hold of holds.filter(isLeft)) {
      if (hold.by !== id) logger?.warn({ ...hold }, 'A projection stood still for a process that is gone: it goes on.');
      await handOver.release(hold);
    }
    for (const member of members) {
      const isHolder = holds.some(({ by }) => by === member.id);
      if (member.id !== id && !isHolder && isSilent(member.id)) await handOver.forget(member);
    }
  };

  const look = async (): Promise<ViewSituation> => {
    const at = time.monotonicMs();
    beat += 1;
    const situation = await handOver.beat({ id, beat, stopped: [...acknowledged] });
    const { holds } = situation;
    if (at - lookedAt >= lookAgeMsMax) awakeSince = time.monotonicMs();
    listen(situation);
    acknowledged = new Set(holds.map((hold) => hold.id).filter((one) => acknowledged.has(one)));
    isHeld = holds.length > 0;
    onLook(situation);
    lookedAt = at;
    await tidy(situation).catch((err) => logger?.warn({ err }, 'What dead processes left could not be removed.'));
    return situation;
  };
  const turn = async (): Promise<void> => {
    const waiting = asked;
    asked = [];
    try {
      const situation = await look();
      for (const { resolve } of waiting) resolve(situation);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      throw error;
    }
  };
  const live = async (): Promise<void> => {
    let failed = false;
    while (!stopping) {
      if (failed || asked.length === 0) {
        pause = time.sleep(isHeld ? lookWhileHeldMs : lookMs);
        await pause.over;
        pause = undefined;
      }
      if (stopping) break;
      failed = await turn().then(
        () => false,
        (err) => {
          logger?.warn({ err }, 'The other projectors could not be looked for.');
          return true;
        },
      );
    }
    for (const { reject } of asked) reject(new Error('The projectors are stopping.'));
    asked = [];
  };
  const nextLook = (): Promise<ViewSituation> =>
    new Promise((resolve, reject) => {
      if (stopping) return reject(new Error('The projectors are stopping.'));
      asked.push({ resolve, reject });
      pause?.wake();
    });
  const isFresh = (): boolean => time.monotonicMs() - lookedAt < lookAgeMsMax;

  return {
    id,
    monotonicMs: time.monotonicMs,
    take(hold) {
      mine.add(hold.id).add(promotedHold(hold).id);
      return handOver.hold(hold);
    },
    async release(hold) {
      const both = [hold, promotedHold(hold)];
      for (const one of both) mine.delete(one.id);
      try {
        for (const one of both) await handOver.release(one);
        await nextLook();
      } catch (err) {
        logger?.warn({ err, ...hold }, 'A projection stands still a little longer.');
      }
    },
    async start() {
      await look();
      living = live();
    },
    async stop() {
      stopping = true;
      pause?.wake();
      await living;
      await handOver
        .forget({ id, beat })
        .catch((err) => logger?.debug({ err }, 'The others will find out by themselves.'));
    },
    nextLook,
    whenFresh: () =>
      isFresh()
        ? undefined
        : nextLook().then(
            () => undefined,
            (error) => {
              if (stopping) throw error;
            },
          ),
    acknowledge(hold) {
      if (acknowledged.has(hold.id)) return;
      acknowledged.add(hold.id);
      void nextLook().catch(() => undefined);
    },
    hasStopped(hold, { members }) {
      const stopped = new Set(members.filter((member) => member.stopped.includes(hold.id)).map((member) => member.id));
      return isOver(awakeSince) && [...heard.keys()].every((name) => stopped.has(name) || isSilent(name));
    },
  };
};

/** The clock of this machine. */
export const machineTime: CrewTime = {
  monotonicMs: () => performance.now(),
  sleep(ms) {
    let wake = (): void => {};
    const over = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return { over, wake: () => wake() };
  },
};
