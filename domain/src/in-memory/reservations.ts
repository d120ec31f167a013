import { claimKeptMs, claimMs } from '../claim-times.ts';
import type { Clock, Reservation, Reservations } from '../ports.ts';

interface Kept extends Reservation {
  readonly token: string;
  /** Until then nobody else can have it. Infinity once it was accepted. */
  readonly endsAt: number;
  readonly forgetAt: number;
  /** It was taken over from somebody whose request may be in the log. */
  readonly takenOver: boolean;
}

/** Claims within one process. The oldest go first once there are more than `entriesMax`. */
export const createMemoryReservations = ({
  now,
  entriesMax = 100_000,
  ttlMs = claimMs,
  keptMs = claimKeptMs,
}: {
  now: Clock;
  entriesMax?: number;
  ttlMs?: number;
  keptMs?: number;
}): Reservations => {
  // In the order in which they are forgotten.
  const kept = new Map<string, Kept>();
  const doubted = new Map<string, { readonly forgetAt: number }>();
  let lostAt: number | undefined;

  const forget = (entries: Map<string, { readonly forgetAt: number }>, at: number): void => {
    for (const [key, { forgetAt }] of entries) {
      if (forgetAt > at) {
        if (entries.size < entriesMax) return;
        lostAt = performance.now();
      }
      entries.delete(key);
    }
  };
  const isDoubted = (key: string, at: number): boolean => (doubted.get(key)?.forgetAt ?? 0) > at;
  const whole = () => (lostAt === undefined ? undefined : { wholeSince: lostAt });
  const ownOf = (key: string, token: string): Kept | undefined => {
    const holder = kept.get(key);
    return holder?.token === token ? holder : undefined;
  };
  const doubt = (key: string): void => {
    const at = now();
    doubted.delete(key);
    forget(doubted, at);
    doubted.set(key, { forgetAt: at + keptMs });
  };

  return {
    async reserve(key, token, hash) {
      const at = now();
      const known = kept.get(key);
      const holder = known && known.forgetAt > at ? known : undefined;
      if (holder?.token === token && holder.accepted === undefined) {
        kept.set(key, { ...holder, endsAt: at + ttlMs });
        return { held: false, sure: !isDoubted(key, at) && !holder.takenOver, ...whole() };
      }
      if (holder && holder.endsAt > at) {
        const sure = !isDoubted(key, at) && !holder.takenOver;
        return { held: true, sure, ...whole(), by: { hash: holder.hash, accepted: holder.accepted } };
      }
      kept.delete(key);
      forget(kept, at);
      const takenOver = holder !== undefined;
      kept.set(key, { token, hash, accepted: undefined, endsAt: at + ttlMs, forgetAt: at + keptMs, takenOver });
      return { held: false, sure: !isDoubted(key, at) && !takenOver, ...whole() };
    },
    async accept(key, token, accepted) {
      const holder = ownOf(key, token);
      const at = now();
      if (!holder || holder.forgetAt <= at || holder.takenOver || isDoubted(key, at)) return false;
      kept.delete(key);
      kept.set(key, { ...holder, accepted, endsAt: Number.POSITIVE_INFINITY, forgetAt: at + keptMs });
      return true;
    },
    async release(key, token) {
      const holder = ownOf(key, token);
      if (!holder) return;
      if (holder.takenOver) doubt(key);
      kept.delete(key);
    },
    async doubt(key, token) {
      if (ownOf(key, token)) kept.delete(key);
      doubt(key);
    },
  };
};
