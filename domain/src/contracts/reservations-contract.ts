import { describe, expect, it } from 'vitest';
import type { Reservations } from '../ports.ts';

export interface ReservationsUnderTest {
  readonly reservations: Reservations;
  /** Lets as much time go by as makes a claim end of which nothing was heard, and none be forgotten. */
  outliveSilent(): Promise<void>;
  /** Lets as much time go by as makes every reservation be forgotten. */
  outlive(): Promise<void>;
  stop?(): Promise<void>;
}

/** Every adapter of `Reservations` keeps these promises. */
export const reservationsContract = (name: string, open: () => Promise<ReservationsUnderTest>): void => {
  const using = async (test: (under: ReservationsUnderTest) => Promise<void>) => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.stop?.();
    }
  };

  describe(`reservations: ${name}`, () => {
    it('gives a key to the first who asks and tells the others who holds it', () =>
      using(async ({ reservations }) => {
        expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({ held: false, sure: true });
        const second = await reservations.reserve('t/a', 'claim-2', 'hash-2');
        expect(second).toMatchObject({ held: true, sure: true, by: { hash: 'hash-1', accepted: undefined } });
        expect(await reservations.reserve('t/b', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: true });
      }));

    it('gives a key to one of many who ask at once', () =>
      using(async ({ reservations }) => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => reservations.reserve('t/a', `claim-${i}`, `hash-${i}`)),
        );
        expect(answers.filter(({ held }) => !held)).toHaveLength(1);
      }));

    it('is held by who asks again under the same token, as by the first time', () =>
      using(async ({ reservations, outliveSilent }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({ held: false, sure: true });
        await outliveSilent();
        await reservations.reserve('t/a', 'claim-2', 'hash-2');
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: false });
        expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({ held: true, sure: false });
      }));

    it('tells what the holder stored on success', () =>
      using(async ({ reservations }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        expect(await reservations.accept('t/a', 'claim-1', '{"id":"p-1"}')).toBe(true);
        const second = await reservations.reserve('t/a', 'claim-1', 'hash-1');
        expect(second).toMatchObject({ held: true, sure: true, by: { hash: 'hash-1', accepted: '{"id":"p-1"}' } });
      }));

    it('is free again after a release', () =>
      using(async ({ reservations }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await reservations.release('t/a', 'claim-1');
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: true });
      }));

    it('lets a claim of which nothing was heard be taken over, by one who is not sure; the first can accept it no more', () =>
      using(async ({ reservations, outliveSilent }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await outliveSilent();
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: false });
        expect(await reservations.accept('t/a', 'claim-1', '{"id":"p-1"}')).toBe(false);
        expect(await reservations.accept('t/a', 'claim-2', '{"id":"p-2"}')).toBe(false);
        const by = { hash: 'hash-2', accepted: undefined };
        expect(await reservations.reserve('t/a', 'claim-3', 'hash-3')).toMatchObject({ held: true, sure: false, by });
      }));

    it('is not touched by who had it before', () =>
      using(async ({ reservations, outlive }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await outlive();
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: true });
        expect(await reservations.accept('t/a', 'claim-1', '{"id":"p-1"}')).toBe(false);
        await reservations.release('t/a', 'claim-1');
        const by = { hash: 'hash-2', accepted: undefined };
        expect(await reservations.reserve('t/a', 'claim-3', 'hash-3')).toMatchObject({ held: true, sure: true, by });
        expect(await reservations.accept('t/a', 'claim-2', '{"id":"p-2"}')).toBe(true);
      }));

    it('is doubted where it was taken over and released: who had it before may still append', () =>
      using(async ({ reservations, outliveSilent }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await outliveSilent();
        await reservations.reserve('t/a', 'claim-2', 'hash-2');
        await reservations.release('t/a', 'claim-2');
        expect(await reservations.reserve('t/a', 'claim-3', 'hash-3')).toMatchObject({ held: false, sure: false });
      }));

    it('remembers what was accepted, also late, for as long as nobody has taken it over', () =>
      using(async ({ reservations, outliveSilent }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await outliveSilent();
        expect(await reservations.accept('t/a', 'claim-1', '{"id":"p-1"}')).toBe(true);
        await outliveSilent();
        const by = { hash: 'hash-1', accepted: '{"id":"p-1"}' };
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: true, sure: true, by });
      }));

    it('is sure of nothing under a key whose request may be in the log, for the time of a claim', () =>
      using(async ({ reservations, outlive }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await reservations.doubt('t/a', 'claim-1');
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: false });
        expect(await reservations.accept('t/a', 'claim-2', '{"id":"p-2"}')).toBe(false);
        expect(await reservations.reserve('t/a', 'claim-3', 'hash-3')).toMatchObject({ held: true, sure: false });
        await reservations.release('t/a', 'claim-2');
        expect(await reservations.reserve('t/a', 'claim-3', 'hash-3')).toMatchObject({ held: false, sure: false });
        expect(await reservations.reserve('t/b', 'claim-1', 'hash-1')).toMatchObject({ held: false, sure: true });
        await outlive();
        expect(await reservations.reserve('t/a', 'claim-4', 'hash-4')).toMatchObject({ held: false, sure: true });
      }));

    it('is free again after its time, and accepting it then claims nothing, and says so', () =>
      using(async ({ reservations, outlive }) => {
        await reservations.reserve('t/a', 'claim-1', 'hash-1');
        await outlive();
        expect(await reservations.accept('t/a', 'claim-1', '{"id":"p-1"}')).toBe(false);
        expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: true });
      }));
  });
};
