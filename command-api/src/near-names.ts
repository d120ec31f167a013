const namesMax = 1_000;

/** The names that look most like the one that was asked for, best first: a slip of the finger should explain itself. */
export const nearNames = (wanted: string, names: readonly string[], countMax = 3): readonly string[] =>
  names
    .slice(0, namesMax)
    .map((name) => ({ name, distance: distance(wanted, name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, wanted.length / 3) || name.startsWith(wanted))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, countMax)
    .map(({ name }) => name);

/** Levenshtein distance. */
const distance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let at = 1; at <= b.length; at++) {
      const replaced = (above[at - 1] as number) + (a[row - 1] === b[at - 1] ? 0 : 1);
      line.push(Math.min((above[at] as number) + 1, (line[at - 1] as number) + 1, replaced));
    }
    above = line;
  }
  return above[b.length] as number;
};
