import { describe, expect, it } from 'vitest';
import { promotedHold, type ViewDatabase, type ViewHold } from '../view-store.ts';

const hold = (id: string, projection: ViewHold['projection'] = 'models'): ViewHold => ({ projection, id, by: 'a' });
const member = (id: string, beat: number, stopped: readonly string[] = []) => ({ id, beat, stopped });

/** What processes that fold one view database agree by. */
export const viewHandOverContract = (
  name: string,
  using: (test: (views: ViewDatabase) => Promise<void>) => Promise<void>,
): void => {
  describe(`hand-over of views: ${name}`, () => {
    it('tells each member what the others said last, and what is live', () =>
      using(async ({ handOver, generations }) => {
        expect((await handOver.beat(member('a', 1))).members).toEqual([member('a', 1)]);
        await handOver.beat(member('b', 1, ['h-1', 'h-2']));
        const seen = await handOver.beat(member('a', 2));
        expect([...seen.members].sort((x, y) => (x.id < y.id ? -1 : 1))).toEqual([
          member('a', 2),
          member('b', 1, ['h-1', 'h-2']),
        ]);
        expect(seen.generations).toEqual(await generations());
        expect(seen.holds).toEqual([]);
      }));

    it('forgets a member only where it has said nothing since', () =>
      using(async ({ handOver }) => {
        await handOver.beat(member('b', 7));
        await handOver.forget({ id: 'b', beat: 6 });
        expect((await handOver.beat(member('a', 1))).members).toHaveLength(2);
        await handOver.forget({ id: 'b', beat: 7 });
        expect((await handOver.beat(member('a', 2))).members).toEqual([member('a', 2)]);
      }));

    it('gives a projection one hold at a time, to one of those who want it at once', () =>
      using(async ({ handOver }) => {
        const ids = ['h-1', 'h-2', 'h-3', 'h-4'];
        const taken = await Promise.all(ids.map((id) => handOver.hold(hold(id))));
        expect(taken.filter(Boolean)).toHaveLength(1);
        const id = ids[taken.indexOf(true)] ?? '';
        expect((await handOver.beat(member('a', 1))).holds).toEqual([hold(id)]);
        expect(await handOver.hold(hold('other', 'prediction-status'))).toBe(true);
        await handOver.release(hold('h-none'));
        expect((await handOver.beat(member('a', 2))).holds).toHaveLength(2);
        await handOver.release(hold(id));
        expect((await handOver.beat(member('a', 3))).holds).toEqual([hold('other', 'prediction-status')]);
        expect(await handOver.hold(hold('h-5'))).toBe(true);
      }));

    it('promotes nothing under a hold that was taken away, and puts another one in the place of one that was not', () =>
      using(async (views) => {
        const { generation } = await views.create('models');
        const mine = hold('h-1');
        await views.handOver.hold(mine);
        await views.handOver.release(mine);
        await expect(views.promote('models', generation, mine)).rejects.toThrow(/hold/);
        await views.handOver.hold(hold('h-2'));
        await expect(views.promote('models', generation, mine)).rejects.toThrow(/hold/);
        await views.promote('models', generation, hold('h-2'));
        expect(await liveOf(views)).toBe(generation);
        await views.handOver.release(hold('h-2'));
        expect((await views.handOver.beat(member('a', 1))).holds).toEqual([promotedHold(hold('h-2'))]);
        await views.handOver.release(promotedHold(hold('h-2')));
        expect((await views.handOver.beat(member('a', 2))).holds).toEqual([]);
      }));
  });
};

const liveOf = async (views: ViewDatabase): Promise<number | undefined> =>
  (await views.generations()).find(({ projection, state }) => projection === 'models' && state === 'live')?.generation;
