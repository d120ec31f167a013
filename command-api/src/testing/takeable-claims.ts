import { createMemoryReservations } from '@hindcast/domain/in-memory';

/** Claims that can be taken from who has them. */
export const takeableClaims = () => {
  const inner = createMemoryReservations({ now: () => performance.now() });
  const holders = new Map<string, string>();
  const reserve: typeof inner.reserve = async (key, token, hash) => {
    const claim = await inner.reserve(key, token, hash);
    if (!claim.held) holders.set(key, token);
    return claim;
  };
  const take = (id: string) => inner.release(`default/${id}`, holders.get(`default/${id}`) ?? '');
  return { claims: { ...inner, reserve }, take };
};
