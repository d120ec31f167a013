import { problem } from '@hindcast/adapters/http';
import type { PredictionQuery, Sha256 } from '@hindcast/domain';

type Filter = Omit<PredictionQuery, 'limit' | 'before'>;
type Place = NonNullable<PredictionQuery['before']>;

const form = /^([0-9a-z]{1,10})\.([0-9a-f]{8})\.(.{1,128})$/s;

/** A cursor belongs to the filter it was made for: with another one it would skip or repeat without a word. */
const markOf = (filter: Filter, sha256: Sha256): string =>
  sha256(JSON.stringify(Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1)))).slice(0, 8);

export const formatListCursor = (place: Place, filter: Filter, sha256: Sha256): string =>
  Buffer.from(`${place.at.toString(36)}.${markOf(filter, sha256)}.${place.id}`).toString('base64url');

/** @throws Problem `invalid-cursor` */
export const parseListCursor = (text: string, filter: Filter, sha256: Sha256): Place => {
  const bytes = Buffer.from(text, 'base64url');
  const match = bytes.toString('base64url') === text ? form.exec(bytes.toString('utf8')) : null;
  if (!match) throw problem('invalid-cursor', 'The cursor is not one that this server gave.');
  const [, at = '', mark, id = ''] = match;
  if (mark !== markOf(filter, sha256)) throw problem('invalid-cursor', 'The cursor was made for another filter.');
  return { at: Number.parseInt(at, 36), id };
};
