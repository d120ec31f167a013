import { beforeEach, describe, expect, it } from 'vitest';
import { aloneMs, createDoorClaims, readingMsMax } from './door-claims.ts';

let now = 0;
const clock = () => now;
const report = (door: string, claimsAlone = false) => ({ door, beat: 1, claimsAlone });
const doorOf = (name = 'a') => createDoorClaims(name, clock);
let door = doorOf();
beforeEach(() => {
  now = 1_000;
  door = doorOf();
});

describe('the claims of a door', () => {
  it('are sure on a young reading in which nobody claims alone', () => {
    expect(door.sure()).toBe(false);
    door.take([report('a'), report('b')], now);
    expect(door.sure()).toBe(true);
    now += readingMsMax;
    expect(door.sure()).toBe(false);
  });

  it('are as old as the question that was answered', () => {
    door.take([report('a')], now - readingMsMax);
    expect(door.sure()).toBe(false);
  });

  it('are not sure while another door claims alone, whether or not it is alive', () => {
    door.take([report('a'), report('b', true)], now);
    expect(door.sure()).toBe(false);
    door.take([report('a'), report('b')], now);
    expect(door.sure()).toBe(true);
  });

  it('tells until when others may have claimed alone, or this one, or nobody can say', () => {
    expect(door.unseenUntil()).toBe(Number.POSITIVE_INFINITY);
    const read = (doors = [report('a'), report('b')]) => {
      door.take(doors, now);
      now += 1_000;
      return door.unseenUntil();
    };
    const begun = now;
    expect([read(), read()]).toEqual([begun, begun]);
    const alone = now;
    expect([read([report('a'), report('b', true)]), read()]).toEqual([alone, alone]);
    // The one who claims alone may have stopped and said so where it was not read.
    now += readingMsMax;
    const afterGap = now;
    expect([read(), read()]).toEqual([afterGap, afterGap]);
    const emptied = now;
    expect(read([])).toBe(emptied);
    now = emptied + 6_000;
    read();
    door.mayClaimAlone();
    const own = now;
    expect(read()).toBe(own);
    now = own + aloneMs - 1;
    expect(read()).toBe(own + aloneMs - 1);
    expect(read()).toBe(own + aloneMs - 1);
  });

  it('are not sure for some time after the board has lost what was said', () => {
    door.take([], now);
    door.take([report('a')], now);
    expect(door.sure()).toBe(false);
    now += 5_000;
    door.take([report('a')], now);
    expect(door.sure()).toBe(true);
  });

  it('may be made alone once nobody trusts a reading of before the others were told', () => {
    door.take([report('a')], now);
    expect([door.claimsAlone(), door.mayClaimAlone(), door.claimsAlone()]).toEqual([false, false, true]);
    expect(door.sure()).toBe(false);
    now += 10 * readingMsMax;
    expect(door.mayClaimAlone()).toBe(false);
    door.reported(true);
    expect(door.mayClaimAlone()).toBe(false);
    now += readingMsMax + 1;
    door.reported(true);
    expect(door.mayClaimAlone()).toBe(true);
  });

  it('are made alone for as long as somebody asks, and told anew after that', () => {
    door.mayClaimAlone();
    door.reported(true);
    now += aloneMs - 1;
    expect([door.mayClaimAlone(), door.claimsAlone()]).toEqual([true, true]);
    now += aloneMs;
    expect(door.claimsAlone()).toBe(false);
    door.reported(false);
    expect(door.mayClaimAlone()).toBe(false);
  });

  it('never lets one be sure of an answer while a record of a door that claims alone can be before its own', () => {
    // Every moment of 10 s: b tells at 2,000 and claims as soon as it may; a reads every 200 ms until it cannot any more.
    for (let lastReading = 0; lastReading < 8_000; lastReading += 100) {
      now = 0;
      const [a, b] = [doorOf('a'), doorOf('b')];
      let told = false;
      let claimedAt = Number.POSITIVE_INFINITY;
      for (; now < 10_000; now += 100) {
        if (now <= lastReading && now % 200 === 0) a.take([report('a'), report('b', told)], now);
        if (now >= 1_900 && b.mayClaimAlone()) claimedAt = Math.min(claimedAt, now);
        if (now >= 2_000) {
          told = true;
          b.reported(true);
        }
        expect(a.sure() && now >= claimedAt).toBe(false);
      }
      expect(claimedAt).toBeLessThan(5_000);
    }
  });
});
