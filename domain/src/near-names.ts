const namesMax = 1_000;
const nearestMax = 3;
/** Of a name: from strangers it may be as long as they like, and no longer one is a slip of the finger. */
const charsMax = 256;

/**
 * The names that a mistyped one may have meant, best first: a slip of the finger should explain itself. One word more or
 * less at either end counts as one letter.
 */
export const nearNames = (given: string, known: readonly string[]): readonly string[] => {
  if (given.length > charsMax) return [];
  const distanceMax = given.length < 4 ? 1 : Math.min(3, Math.max(2, given.length / 3));
  return known
    .slice(0, namesMax)
    .map((name) => ({ name, distance: extended(given, name) ? 1 : edits(given, name, distanceMax) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, nearestMax)
    .map(({ name }) => name);
};

const extended = (given: string, name: string): boolean => {
  const [short, long] = given.length < name.length ? [given, name] : [name, given];
  if (long.endsWith(short)) return isBreak(long.at(-short.length - 1));
  return long.startsWith(short) && isBreak(long[short.length]);
};
const isBreak = (letter: string | undefined): boolean => letter !== undefined && '_-.'.includes(letter);

/** Levenshtein distance, one row at a time; given up where it passes `max`. */
const edits = (from: string, to: string, max: number): number => {
  if (Math.abs(from.length - to.length) > max) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 0; line < from.length; line++) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const substituted = (row[column - 1] ?? 0) + (from[line] === to[column - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
    if (Math.min(...row) > max) return Number.POSITIVE_INFINITY;
  }
  return row[to.length] ?? 0;
};
