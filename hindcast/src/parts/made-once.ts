/** What was made for a key the first time it was asked for. */
export const madeOnce = <Key, Made>(make: (key: Key) => Made): ((key: Key) => Made) => {
  const all = new Map<Key, Made>();
  return (key) => {
    const before = all.get(key);
    if (before !== undefined) return before;
    const made = make(key);
    all.set(key, made);
    return made;
  };
};
