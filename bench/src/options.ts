/** What the command lines of several benches have in common. */
export const positive = (option: string, text: string): number => {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${option} is a number above 0, not '${text}'.`);
  return number;
};

/** Those of the given names, or all; in their own order. */
export const onlyOf = <Named extends { readonly name: string }>(
  all: readonly Named[],
  only: string | undefined,
): readonly Named[] => {
  const names = only?.split(',') ?? all.map(({ name }) => name);
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; see --help.`);
  return all.filter(({ name }) => names.includes(name));
};
