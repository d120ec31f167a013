/** A character of a text that is the same in JSON. */
export const plainText = String.raw`[^"\\\x00-\x1f]`;
export const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;

const scalar = new RegExp(`"${plainText}*"|${number}|true|false|null`, 'y');

const quote = 34;
const backslash = 92;
/** Of braces, and of brackets with the bit that tells them from braces. */
const [opening, closing, braceBit] = [123, 125, 32];
/** What is below ends a field or a line where it is no error. */
const space = 32;

/** Where JSON that begins at `at` ends, if it is JSON, which only its reader will know; -1 where it does not end in one line. */
export const jsonEnd = (value: string, at: number): number => {
  if ((value.charCodeAt(at) | braceBit) !== opening) {
    scalar.lastIndex = at;
    return scalar.test(value) ? scalar.lastIndex : -1;
  }
  let depth = 0;
  for (let place = at; place < value.length; place++) {
    const unit = value.charCodeAt(place);
    if (unit === quote) {
      place = textEnd(value, place);
      if (place < 0) return -1;
    } else if (unit < space) return -1;
    else if ((unit | braceBit) === opening) depth += 1;
    else if ((unit | braceBit) === closing && --depth === 0) return place + 1;
  }
  return -1;
};

/** The quote that ends the text. Texts are short: a search would cost more than looking at each character. */
const textEnd = (value: string, start: number): number => {
  for (let place = start + 1; place < value.length; place++) {
    const unit = value.charCodeAt(place);
    if (unit === quote) return place;
    if (unit < space) return -1;
    if (unit === backslash) place += 1;
  }
  return -1;
};
