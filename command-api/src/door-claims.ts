import type { BoardReading, Clock, DoorClaims } from '@hindcast/domain';

/** How old a reading of the board may be of which a door is sure. */
export const readingMsMax = 2_000;
/** A door that could claim by itself does so for some time: what was asked for last may still be on its way into the log. */
export const aloneMs = 60_000;
/** Where the board has lost what the others said, they say it again within this time. */
const lostMs = 5_000;

/** The claims of a door as the rounds of its board reading keep them. Times are of one clock that only runs forward. */
export interface KeptClaims extends DoorClaims {
  /** Whether the next report has to say that this door claims by itself. */
  readonly claimsAlone: () => boolean;
  /** The board has the report. */
  reported(claimsAlone: boolean): void;
  /** Takes in what was read by a question asked at `askedAt`. */
  take(doors: BoardReading['doors'], askedAt: number): void;
}

/**
 * Keys are claimed in one place that all doors see. A door that cannot reach it says so on the board first, and waits
 * for longer than any other door trusts a reading; and an answer is given for sure only on a reading that is younger than
 * that. So whoever has answered for sure had appended before the first record of the one who claims alone.
 */
export const createDoorClaims = (door: string, clock: Clock): KeptClaims => {
  let aloneUntil = Number.NEGATIVE_INFINITY;
  let toldAt: number | undefined;
  let sureAt = Number.NEGATIVE_INFINITY;
  let unsureUntil = Number.NEGATIVE_INFINITY;
  let unseenUntil = Number.POSITIVE_INFINITY;
  let readAt = Number.NEGATIVE_INFINITY;
  const claimsAlone = () => clock() < aloneUntil;

  return {
    claimsAlone,
    reported(alone) {
      toldAt = alone ? (toldAt ?? clock()) : undefined;
    },
    take(doors, askedAt) {
      // A board without this door was emptied: others that claim alone may be missing too.
      const isLost = !doors.some((one) => one.door === door);
      if (isLost) unsureUntil = askedAt + lostMs;
      // Whether the other one is alive does not matter: one that was frozen may go on where it was.
      const others = doors.some((one) => one.door !== door && one.claimsAlone === true);
      sureAt = others ? Number.NEGATIVE_INFINITY : askedAt;
      // Who claims alone says so for much longer than that, to the end of it.
      const isGap = askedAt - readAt >= readingMsMax;
      if (isLost || others || isGap || claimsAlone() || clock() < unsureUntil) unseenUntil = askedAt;
      readAt = askedAt;
    },
    unseenUntil: () => unseenUntil,
    sure: () => !claimsAlone() && clock() - sureAt < readingMsMax && clock() >= unsureUntil,
    mayClaimAlone() {
      aloneUntil = clock() + aloneMs;
      return toldAt !== undefined && clock() - toldAt > readingMsMax;
    },
  };
};
