import { describe, expect, it } from 'vitest';
import { churnRows } from './churn-rows.ts';
import { compare } from './compare.ts';
import type { Answer, Peer } from './peer.ts';

const answerOf = (input: unknown): Answer =>
  churnRows.find((row) => row.input === input)?.output ?? { label: '', probabilities: [] };

/** Peers that only note what is done with them. */
const notedPeers = () => {
  const notes: string[] = [];
  const peer = (name: string, more: { fails?: () => boolean; answer?: (input: unknown) => Answer } = {}): Peer => ({
    ...{ name, title: name, ours: false },
    async start() {
      notes.push(`start ${name}`);
      return {
        measures: [
          {
            name: 'single',
            async run(seconds) {
              if (more.fails?.()) throw new Error('it broke');
              notes.push(`${name} ${seconds}`);
              return { perSecond: seconds, cpuUs: 1 };
            },
          },
        ],
        answer: async (input) => (more.answer ?? answerOf)(input),
        stop: async () => void notes.push(`stop ${name}`),
      };
    },
  });
  return { notes, peer };
};

const said: string[] = [];
const options = { rounds: 2, seconds: 4, say: (line: string) => void said.push(line), onRound: async () => {} };

describe('a comparison', () => {
  it('measures each system once a round, alone and warm, in an order that changes', async () => {
    const { notes, peer } = notedPeers();
    const { systems, leftOut } = await compare([peer('a'), peer('b')], options);
    const turn = (name: string) => [`start ${name}`, `${name} 2`, `${name} 4`, `stop ${name}`];
    expect(notes).toEqual(['a', 'b', 'b', 'a'].flatMap(turn));
    expect(systems.map(({ name, rounds }) => [name, rounds.map(({ single }) => single?.perSecond)])).toEqual([
      ['a', [4, 4]],
      ['b', [4, 4]],
    ]);
    expect(leftOut).toEqual([]);
  });

  it('goes on without a system that fails, says so, and stops what was started', async () => {
    const { notes, peer } = notedPeers();
    const { systems, leftOut } = await compare([peer('a', { fails: () => true }), peer('b')], options);
    expect(leftOut).toEqual([{ title: 'a', reason: 'it broke' }]);
    expect(said).toContain('LEFT OUT from round 1 on: a. it broke');
    expect(notes.filter((note) => note.endsWith(' a'))).toEqual(['start a', 'stop a']);
    expect(systems.map(({ rounds }) => rounds.length)).toEqual([0, 2]);
  });

  it('leaves out a system whose answers are not those of the model', async () => {
    const { peer } = notedPeers();
    const wrong = (input: unknown) => ({ ...answerOf(input), probabilities: [0.5, 0.5] });
    const { leftOut } = await compare([peer('a', { answer: wrong })], options);
    expect(leftOut[0]?.reason).toMatch(/^a says .*0\.5.*, the model says /);
  });

  it('tells what there is after every round', async () => {
    const { peer } = notedPeers();
    const seen: number[] = [];
    await compare([peer('a')], {
      ...options,
      onRound: async ({ systems }) => void seen.push(systems[0]?.rounds.length ?? 0),
    });
    expect(seen).toEqual([1, 2]);
  });
});
