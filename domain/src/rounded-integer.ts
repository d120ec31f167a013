/** No double has more digits of its own: most texts have no such run, and are not looked at any closer. */
const longRun = /\d{16}/;
/** Strings are passed over as one: digits in them are text. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const integer = /^-?\d{16,308}$/;

/**
 * The first integer of a JSON text that `JSON.parse` would round, such as 9007199254740993: an id or a count would become
 * that of something else. Numbers with a point or an exponent are approximate for whoever writes them, and are let be.
 */
export const roundedInteger = (json: string): string | undefined => {
  if (!longRun.test(json)) return undefined;
  for (const [found] of json.matchAll(token)) {
    if (integer.test(found) && BigInt(found) !== BigInt(Number(found))) return found;
  }
  return undefined;
};
