/** A failing run, which says its seed, can be repeated: `TEST_SEED=…`. */
export const seedOfTest = (): number => Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);

/** Numbers from 0 to 1, deterministic in the seed. */
export const randomFrom = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};
