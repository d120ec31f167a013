import type { Clock, Reservation, Reservations } from '../ports.ts';

/** Claims within one process. The oldest go first once there are more than `entriesMax`; each ends after `ttlMs`. */
export const createMemoryReservations = ({
  now,
  entriesMax = 100_000,
  ttlMs = 30_000,
}: {
  now: Clock;
  entriesMax?: number;
  ttlMs?: number;
}): Reservations => {
  // Every claim lives equally long, so insertion order is also the order in which they end.
  const held = new Map<string, Reservation & { readonly endsAt: number }>();

  const forgetEnded = (at: number): void => {
    for (const [key, { endsAt }] of held) {
      if (endsAt > at && held.size < entriesMax) break;
      held.delete(key);
    }
  };

  return {
    async reserve(key, hash) {
      const at = now();
      const holder = held.get(key);
      if (holder && holder.endsAt > at) {
        return { held: true, sure: true, by: { hash: holder.hash, accepted: holder.accepted } };
      }
      held.delete(key);
      forgetEnded(at);
      held.set(key, { hash, accepted: undefined, endsAt: at + ttlMs });
      return { held: false, sure: true };
    },
    async accept(key, accepted) {
      const holder = held.get(key);
      if (!holder || holder.endsAt <= now()) return false;
      held.set(key, { ...holder, accepted });
      return true;
    },
    async release(key) {
      held.delete(key);
    },
  };
};
