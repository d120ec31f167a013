/** A claim of which nothing more was heard ends after this time, which is longer than an append takes until it is given up. */
export const claimMs = 30_000;
/** Claims are remembered for so long, whatever became of them: the view may be late. */
export const claimKeptMs = 300_000;
