import { type Static, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';

const base64 = (description: string) => Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', description });

/**
 * A notary vouches for the first `size` records of a partition, which the subject names as `topic/partition`. `note` alone
 * is the proof; the rest lets a notary go on from here, and says where to look when the log no longer fits.
 */
export const auditCheckpointSignedData = Type.Object({
  note: Type.String({ maxLength: 4_096, description: 'The signed checkpoint: origin, size, root and signature' }),
  key: Type.String({ maxLength: 512, description: 'The public key of the signature, with its name' }),
  size: Type.Integer({ minimum: 1, description: 'How many records it vouches for' }),
  from: Type.Integer({ minimum: 0, description: 'Where the stretch begins that this checkpoint adds' }),
  peaks: Type.Array(base64('A hash'), {
    maxItems: 53,
    description: 'Roots of the complete subtrees that the records before `from` make, largest first',
  }),
  marks: base64('The first two bytes of the leaf hash of each record from `from` on'),
});
export type AuditCheckpointSigned = EventOf<'AuditCheckpointSigned', Static<typeof auditCheckpointSignedData>>;
