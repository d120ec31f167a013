/** A text as SQL. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
export const texts = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** RFC 6901: names of members and places in lists alike. */
export const pointer = (path: readonly string[]): string =>
  path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

export const blob = (bytes: Uint8Array): string =>
  `'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'::BLOB`;
