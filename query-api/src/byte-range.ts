/** What of a file is asked for: all of it, a part, or a part that it does not have. */
export type ByteRange = { readonly first: number; readonly last: number };

/**
 * One range of a `Range` header; undefined where the whole is to be sent: no header, several ranges, or one that is none.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
export const parseByteRange = (header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const length = Number(to);
    return length === 0 || bytes === 0 ? 'unsatisfiable' : { first: Math.max(0, bytes - length), last: bytes - 1 };
  }
  const first = Number(from);
  const last = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  if (to !== '' && Number(to) < first) return undefined;
  return first >= bytes ? 'unsatisfiable' : { first, last };
};
