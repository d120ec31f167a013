const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
/** A text as SQL: a NUL within the statement would end it. */
export const text = (value: string): string =>
  value.includes('\0') ? `(${value.split('\0').map(quoted).join(' || chr(0) || ')})` : quoted(value);
export const texts = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** RFC 6901: names of members and places in lists alike. */
export const pointer = (path: readonly string[]): string =>
  path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

export const blob = (bytes: Uint8Array): string =>
  `'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'::BLOB`;
