import { setTimeout as delay } from 'node:timers/promises';
import { problem } from '@hindcast/adapters/http';
import { type Claim, claimKeptMs, claimMs, type DoorClaims, type Reservations } from '@hindcast/domain';
import type { ViewProgress } from './view-progress.ts';

/** Longer than it takes to tell all doors that this one claims by itself. */
const waitMsMax = 5_000;
const pauseMs = 200;

/**
 * Claims as far as a door can be sure of them: where the view knows all that can have been forgotten or lost, and no other
 * door claims where it cannot be seen. `doors` is undefined where there is one door alone.
 * @throws Problem `claims-unavailable` where neither the claims nor the other doors can be reached
 */
export const createDoorReservations = (
  inner: Reservations,
  view: Pick<ViewProgress, 'knownAt'>,
  doors: DoorClaims | undefined,
): Reservations => {
  const forgottenAreKnown = (): boolean => performance.now() - view.knownAt() < claimKeptMs - claimMs;
  const unseenAreKnown = (): boolean => !doors || (doors.sure() && doors.unseenUntil() < view.knownAt());
  const isSure = (): boolean => forgottenAreKnown() && unseenAreKnown();
  /** Whoever held a claim that was lost has appended by `claimMs` after it. */
  const lostAreKnown = ({ wholeSince }: Claim): boolean =>
    wholeSince === undefined || wholeSince + claimMs < view.knownAt();

  return {
    ...inner,
    async reserve(key, token, hash) {
      const deadline = performance.now() + waitMsMax;
      for (;;) {
        const claim = await inner.reserve(key, token, hash);
        // What was accepted has won, whatever was lost since.
        if (claim.held && claim.by.accepted !== undefined) return { ...claim, sure: true };
        if (claim.alone !== true || !doors) return { ...claim, sure: claim.sure && lostAreKnown(claim) && isSure() };
        if (doors.mayClaimAlone()) return claim;
        if (!claim.held) await inner.release(key, token);
        if (performance.now() >= deadline) throw unavailable();
        await delay(pauseMs);
      }
    },
    // Asked once the record is in the log: what a door that claims alone appends from now on comes behind it.
    accept: async (key, token, accepted) => isSure() && inner.accept(key, token, accepted),
  };
};

const unavailable = () =>
  problem('claims-unavailable', 'It cannot be said at present whether another request was accepted under this key.', {
    headers: { 'retry-after': '5' },
  });
