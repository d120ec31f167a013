import type { Clock, Reservation, Reservations } from '../ports.ts';

/**
 * Claims within one process. The oldest go first once there are more than `entriesMax`. Each ends after `ttlMs`, or `keptMs`
 * after it was accepted.
 */
export const createMemoryReservations = ({
  now,
  entriesMax = 100_000,
  ttlMs = 30_000,
  keptMs = 300_000,
}: {
  now: Clock;
  entriesMax?: number;
  ttlMs?: number;
  keptMs?: number;
}): Reservations => {
  // About in the order in which they end: behind an accepted one some may stay for longer than they count.
  const held = new Map<string, Reservation & { readonly endsAt: number }>();
  const doubted = new Map<string, { readonly endsAt: number }>();

  const forgetEnded = (entries: Map<string, { readonly endsAt: number }>, at: number): void => {
    for (const [key, { endsAt }] of entries) {
      if (endsAt > at && entries.size < entriesMax) break;
      entries.delete(key);
    }
  };
  const isDoubted = (key: string, at: number): boolean => (doubted.get(key)?.endsAt ?? 0) > at;

  return {
    async reserve(key, hash) {
      const at = now();
      const holder = held.get(key);
      const sure = !isDoubted(key, at);
      if (holder && holder.endsAt > at) {
        return { held: true, sure, by: { hash: holder.hash, accepted: holder.accepted } };
      }
      held.delete(key);
      forgetEnded(held, at);
      held.set(key, { hash, accepted: undefined, endsAt: at + ttlMs });
      return { held: false, sure };
    },
    async accept(key, accepted) {
      const holder = held.get(key);
      const at = now();
      if (!holder || holder.endsAt <= at || isDoubted(key, at)) return false;
      held.delete(key);
      held.set(key, { ...holder, accepted, endsAt: at + keptMs });
      return true;
    },
    async release(key) {
      held.delete(key);
    },
    async doubt(key) {
      held.delete(key);
      doubted.delete(key);
      forgetEnded(doubted, now());
      doubted.set(key, { endsAt: now() + ttlMs });
    },
  };
};
