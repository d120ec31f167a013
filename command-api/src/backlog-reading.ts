import {
  type Backlog,
  type BacklogBoard,
  type Identity,
  type Logger,
  type SharedBacklog,
  startRounds,
} from '@hindcast/domain';
import { createDoorClaims } from './door-claims.ts';
import { createDoorRoom, type DoorRoom } from './door-room.ts';

export interface BacklogReadingPorts {
  readonly board: Pick<BacklogBoard, 'read' | 'reportDoor' | 'removeDoor'>;
  readonly identity: Pick<Identity, 'now' | 'newId'>;
  readonly logger?: Logger;
}

export interface BacklogReading extends Backlog, Pick<DoorRoom, 'known'> {
  readonly shared: SharedBacklog;
  stop(): Promise<void>;
}

const readMs = 200;
/** The other doors are told that this one lives. */
const beatMs = 2_000;
/** The random part of a UUIDv7: the name of a door is in every record that it appends. */
const doorLength = 12;

/**
 * What a door needs to know where it is one of several. Answers when the board was read for the first time, or could not
 * be read: then there is no room until it can.
 */
export const openBacklogReading = async (
  { board, identity, logger }: BacklogReadingPorts,
  { openMax }: { readonly openMax: number },
): Promise<BacklogReading> => {
  const door = identity.newId().slice(-doorLength);
  const room = createDoorRoom({ door, openMax });
  const claims = createDoorClaims(door, () => performance.now());
  let beat = 0;
  let beatAt = Number.NEGATIVE_INFINITY;
  let saidAlone = false;

  const rounds = startRounds(
    async () => {
      const at = identity.now();
      const alone = claims.claimsAlone();
      if (Math.abs(at - beatAt) >= beatMs || alone !== saidAlone) {
        await board.reportDoor({ door, beat: beat + 1, ...(alone && { claimsAlone: true }) });
        beat += 1;
        beatAt = at;
        saidAlone = alone;
        claims.reported(alone);
      }
      const askedAt = performance.now();
      const reading = await board.read();
      room.take(reading, at);
      claims.take(reading.doors, askedAt);
    },
    { pauseMs: readMs, logger, failure: 'It cannot be read how much is open: as much is accepted as surely has room.' },
  );
  await rounds.first;

  return {
    ...room,
    shared: { ...room.shared, claims },
    async stop() {
      await rounds.stop();
      await board.removeDoor(door).catch((err: unknown) => {
        logger?.warn({ err }, 'The other doors could not be told that this one leaves: they find out.');
      });
    },
  };
};
