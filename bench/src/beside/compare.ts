import { checkAnswers } from './churn-rows.ts';
import type { Comparison, Round } from './measured-systems.ts';
import type { Figures, Peer } from './peer.ts';

export type Outcome = Pick<Comparison, 'systems' | 'leftOut'>;

export interface CompareOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
  /** After every round: a run takes minutes, and what it has so far outlives it. */
  readonly onRound: (outcome: Outcome) => Promise<void>;
}

/** Of the time of a measure: a fresh process is slow until what it runs is compiled, and caches are filled. */
const warmUpShare = 0.5;

/** Everything of one system, started for it and stopped behind it, so that it has the machine for itself. */
const measure = async (peer: Peer, seconds: number): Promise<Round> => {
  const running = await peer.start();
  try {
    if (running.answer) await checkAnswers(peer.title, running.answer);
    await running.measures[0]?.run(seconds * warmUpShare);
    const round: Record<string, Figures> = {};
    for (const { name, run } of running.measures) round[name] = await run(seconds);
    return round;
  } finally {
    await running.stop();
  }
};

/** Measures all systems once a round, each round in another order. One that fails is left out from then on, and said. */
export const compare = async (peers: readonly Peer[], options: CompareOptions): Promise<Outcome> => {
  const { rounds, seconds, say, onRound } = options;
  const systems = peers.map((peer) => ({ peer, rounds: [] as Round[], failed: false }));
  const leftOut: { title: string; reason: string }[] = [];
  const outcome = (): Outcome => ({
    systems: systems.map(({ peer: { name, title, ours }, rounds: done }) => ({ name, title, ours, rounds: [...done] })),
    leftOut: [...leftOut],
  });
  for (let at = 0; at < rounds; at++) {
    const first = at % systems.length;
    for (const system of [...systems.slice(first), ...systems.slice(0, first)]) {
      const { peer } = system;
      if (system.failed) continue;
      try {
        const round = await measure(peer, seconds);
        system.rounds.push(round);
        say(`round ${at + 1}, ${peer.title}: ${summaryOf(round)}`);
      } catch (error) {
        system.failed = true;
        const reason = error instanceof Error ? error.message : String(error);
        leftOut.push({ title: peer.title, reason });
        say(`LEFT OUT from round ${at + 1} on: ${peer.title}. ${reason}`);
      }
    }
    await onRound(outcome());
  }
  return outcome();
};

const summaryOf = (round: Round): string =>
  Object.entries(round)
    .map(([name, { perSecond, cpuUs }]) => `${name} ${perSecond.toFixed(0)}/s at ${cpuUs.toFixed(0)} µs`)
    .join(', ');
