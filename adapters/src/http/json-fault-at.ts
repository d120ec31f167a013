const blank = /[ \t\n\r]*/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
/** A text without its last quote: what is behind it is wrong, or the quote. */
const openText = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*/y;

const endOf = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
};

/**
 * Where a text stops being JSON, in UTF-16 units from 0; its length where it only ends too early. JSON.parse tells the place in
 * some of its messages, and in others, as for NaN, not. Only called for what JSON.parse has refused: it is slower.
 */
export const jsonFaultAt = (text: string): number => {
  const open: ('{' | '[')[] = [];
  let expected: 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'next' = 'value';
  for (let at = endOf(blank, text, 0); at < text.length; at = endOf(blank, text, at)) {
    const char = text[at];
    const isText = char === '"' && expected !== 'colon' && expected !== 'next';
    const last = open.at(-1);
    if (isText) {
      const end = endOf(openText, text, at);
      if (text[end] !== '"') return end;
      at = end + 1;
      expected = expected.startsWith('name') ? 'colon' : 'next';
    } else if (expected === 'colon') {
      if (char !== ':') return at;
      at += 1;
      expected = 'value';
    } else if (expected !== 'value' && expected !== 'name' && last && char === (last === '{' ? '}' : ']')) {
      open.pop();
      at += 1;
      expected = 'next';
    } else if (expected === 'next') {
      if (char !== ',' || !last) return at;
      at += 1;
      expected = last === '{' ? 'name' : 'value';
    } else if (expected.startsWith('name')) {
      return at;
    } else if (char === '{' || char === '[') {
      open.push(char);
      at += 1;
      expected = char === '{' ? 'name or end' : 'value or end';
    } else {
      const end = endOf(scalar, text, at);
      if (end === at) return at;
      at = end;
      expected = 'next';
    }
  }
  return text.length;
};
