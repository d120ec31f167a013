/** A whole number from 0 to below `n`; the same seed gives the same numbers (mulberry32). */
export type Random = (n: number) => number;

export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((((t ^ (t >>> 14)) >>> 0) * n) / 4_294_967_296) | 0;
  };
};
