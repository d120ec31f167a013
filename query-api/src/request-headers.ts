import type { IncomingHttpHeaders } from 'node:http';
import { problem } from '@hindcast/adapters/http';
import { type Position, parsePositions } from '@hindcast/domain';

export const waitSecondsMax = 60;

const wait = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i;

/**
 * `Prefer: wait=N` in seconds, at most `waitSecondsMax`. What is no such preference is passed over.
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-4.3
 */
export const waitSecondsOf = ({ prefer }: IncomingHttpHeaders): number | undefined => {
  if (prefer === undefined) return undefined;
  const seconds = wait.exec([prefer].flat().join(','))?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), waitSecondsMax);
};

/** Positions that the caller has been told, as one header of any number of them. */
export const seenPositions = (headers: IncomingHttpHeaders): readonly Position[] => {
  const text = headers['hindcast-position'];
  if (text === undefined) return [];
  const positions = typeof text === 'string' ? parsePositions(text.replaceAll(' ', '')) : undefined;
  if (positions) return positions;
  throw problem('invalid-parameter', 'Hindcast-Position is no list of positions.', {
    errors: [{ pointer: 'Hindcast-Position', detail: 'Positions look like 0:7:4211, with commas between them.' }],
  });
};

/** Compared weakly, as If-None-Match is. */
export const noneMatch = (header: string | undefined, etag: string): boolean => {
  if (header === undefined) return true;
  if (header.trim() === '*') return false;
  return !header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
};

export const wantsHtml = ({ accept }: IncomingHttpHeaders): boolean => accept?.includes('text/html') ?? false;
export const wantsEventStream = ({ accept }: IncomingHttpHeaders): boolean =>
  accept?.includes('text/event-stream') ?? false;
