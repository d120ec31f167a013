import { problem } from '@hindcast/adapters/http';
import type { PredictionQuery, Sha256 } from '@hindcast/domain';

type Filter = Omit<PredictionQuery, 'limit' | 'before'>;
type Place = NonNullable<PredictionQuery['before']>;

const form = /^([0-9a-z]{1,10})\.([0-9a-f]{8})\.(.{1,128})$/s;

/** Covers the filter too: with another one the cursor would skip or repeat without a word. */
const markOf = ({ at, id }: Place, filter: Filter, sha256: Sha256): string => {
  const named = Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([at, id, named])).slice(0, 8);
};

export const formatListCursor = (place: Place, filter: Filter, sha256: Sha256): string =>
  Buffer.from(`${place.at.toString(36)}.${markOf(place, filter, sha256)}.${place.id}`).toString('base64url');

/** @throws Problem `invalid-cursor` */
export const parseListCursor = (text: string, filter: Filter, sha256: Sha256): Place => {
  const match = form.exec(Buffer.from(text, 'base64url').toString('utf8'));
  const place = { at: Number.parseInt(match?.[1] ?? '', 36), id: match?.[3] ?? '' };
  if (match?.[2] === markOf(place, filter, sha256)) return place;
  throw problem('invalid-cursor', 'The cursor is not one that this server gave for this filter.');
};
