import { setTimeout as delay } from 'node:timers/promises';
import { problem } from '@hindcast/adapters/http';
import type { Claim, DoorClaims, Reservations } from '@hindcast/domain';

/** Longer than it takes to tell all doors that this one claims by itself. */
const waitMsMax = 5_000;
const pauseMs = 200;

/**
 * Claims of one of several doors, which are sure only while no door claims where the others cannot see it.
 * @throws Problem `claims-unavailable` where neither the claims nor the other doors can be reached
 */
export const createDoorReservations = (inner: Reservations, doors: DoorClaims): Reservations => ({
  ...inner,
  async reserve(key, hash) {
    const deadline = performance.now() + waitMsMax;
    for (;;) {
      const claim = await inner.reserve(key, hash);
      if (claim.alone !== true) return { ...claim, sure: claim.sure && (isAccepted(claim) || doors.sure()) };
      if (doors.mayClaimAlone()) return claim;
      if (!claim.held) await inner.release(key);
      if (performance.now() >= deadline) throw unavailable();
      await delay(pauseMs);
    }
  },
  // Asked once the record is in the log: what a door that claims alone appends from now on comes behind it.
  accept: async (key, accepted) => doors.sure() && inner.accept(key, accepted),
});

/** Whoever has accepted has asked the other doors, or the fold. */
const isAccepted = (claim: Claim): boolean => claim.held && claim.by.accepted !== undefined;

const unavailable = () =>
  problem('claims-unavailable', 'It cannot be said at present whether another request was accepted under this key.', {
    headers: { 'retry-after': '5' },
  });
