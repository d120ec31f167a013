import type { IncomingHttpHeaders } from 'node:http';
import { problem } from '@hindcast/adapters/http';
import { type Position, parsePositions } from '@hindcast/domain';

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

export const wantsEventStream = ({ accept }: IncomingHttpHeaders): boolean =>
  accept?.includes('text/event-stream') ?? false;
