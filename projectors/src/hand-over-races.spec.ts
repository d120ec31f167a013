import type { ViewHandOver } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { handOverRace, type Spoil } from './testing/hand-over-race.ts';

const runs = 40;

const race = async (count: number, options: Parameters<typeof handOverRace>[1] = {}) => {
  const found = { movedBack: [] as number[], wrong: [] as number[], unfinished: [] as number[], promoted: 0 };
  for (let seed = 1; seed <= count; seed += 1) {
    const result = await handOverRace(seed, options);
    if (result.movedBack.length > 0) found.movedBack.push(seed);
    if (result.wrong.length > 0) found.wrong.push(seed);
    if (!result.finished) found.unfinished.push(seed);
    found.promoted += result.promoted;
  }
  return found;
};
/** The first seed at which the broken rule shows. */
const found = async (seedsMax: number, options: Parameters<typeof handOverRace>[1]): Promise<number | undefined> => {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    if ((await handOverRace(seed, options)).movedBack.length > 0) return seed;
  }
  return undefined;
};
const clean = { movedBack: [], wrong: [], unfinished: [] };

describe('rebuilds and undos among several projector processes', () => {
  it(`leave no read behind another one in ${runs} runs, and a view that is the log's`, async () => {
    const { promoted, ...found } = await race(runs, { faults: false });
    expect(found).toEqual(clean);
    expect(promoted).toBeGreaterThan(runs);
  }, 120_000);

  it(`do so while processes are killed and frozen, in ${runs} runs`, async () => {
    const { promoted, ...found } = await race(runs);
    expect(found).toEqual(clean);
    expect(promoted).toBeGreaterThan(runs / 2);
  }, 120_000);

  it('and while the store is emptied under them', async () => {
    // Each takes four times as long as one of the others.
    const { promoted: _, ...found } = await race(runs / 2, { losses: true });
    expect(found).toEqual(clean);
  }, 120_000);

  it('are found out where a process says that it stands still and does not', async () => {
    const spoil: Spoil = {
      handOver: (real) => ({
        ...real,
        async beat(member) {
          const { holds } = await real.beat(member);
          const situation = await real.beat({ ...member, stopped: holds.map(({ id }) => id) });
          return { ...situation, holds: situation.holds.filter(({ by }) => by === member.id) };
        },
      }),
    };
    expect(await found(20, { faults: false, spoil })).toBeDefined();
  }, 60_000);

  it('are found out where nobody waits for the others to stand still', async () => {
    const alone = (real: ViewHandOver): ViewHandOver => ({
      ...real,
      beat: async (member) => ({ ...(await real.beat(member)), members: [] }),
    });
    expect(await found(20, { faults: false, spoil: { handOver: alone } })).toBeDefined();
  }, 60_000);

  it('are found out where a process that was frozen begins a batch before it looks', async () => {
    let processes = 0;
    const spoil: Spoil = {
      time: (real) => {
        processes += 1;
        return processes % 3 === 0 ? { ...real, monotonicMs: () => 0 } : real;
      },
    };
    expect(await found(150, { spoil })).toBeDefined();
  }, 120_000);
});
