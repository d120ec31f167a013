/**
 * One text for equal JSON values, however their members are ordered: RFC 8785 (JSON Canonicalization Scheme), for values
 * as JSON.parse makes them. Members that are undefined are left out.
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export const canonicalJson = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return canonicalArray(value);
  return canonicalObject(value as Readonly<Record<string, unknown>>);
};

const canonicalArray = (items: readonly unknown[]): string => {
  let text = '[';
  for (let at = 0; at < items.length; at++)
    text += at === 0 ? canonicalJson(items[at]) : `,${canonicalJson(items[at])}`;
  return `${text}]`;
};

const canonicalObject = (members: Readonly<Record<string, unknown>>): string => {
  const names = Object.keys(members);
  if (!isSorted(names)) names.sort();
  let text = '{';
  for (const name of names) {
    const member = members[name];
    if (member === undefined) continue;
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `${text}}`;
};

const isSorted = (names: readonly string[]): boolean => {
  for (let at = 1; at < names.length; at++) if ((names[at - 1] as string) > (names[at] as string)) return false;
  return true;
};
