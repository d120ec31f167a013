/** How many letters must change, at most, for a name to be called near. */
const distanceMax = 3;

/** The names that a mistyped one may have meant, nearest first, at most three. */
export const nearNames = (given: string, known: readonly string[]): readonly string[] =>
  known
    .map((name) => ({
      name,
      distance: name.endsWith(`_${given}`) || given.endsWith(`_${name}`) ? 1 : edits(given, name),
    }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);

/** Levenshtein distance, one row at a time. */
const edits = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 0; line < from.length; line++) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const substituted = (row[column - 1] ?? 0) + (from[line] === to[column - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};
