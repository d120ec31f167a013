import type { Sha256 } from '../ports.ts';

/** Hex digits of a digest that decide: 52 bits, which a double holds exactly. */
const digits = 13;
const all = 16 ** digits;

/** Whether an id is among a share of all ids. A smaller share of the same salt lies within a larger one. */
export const inSample = (sha256: Sha256, share: number, salt: string, id: string): boolean =>
  share >= 1 || Number.parseInt(sha256(`sample\n${salt}\n${id}`).slice(0, digits), 16) < share * all;
