import { type ByteText, fromBase64, toBase64 } from './audit-crypto.ts';
import { hashBytes } from './tree-hash.ts';

/** Which partition of which log a tree is of. */
export interface AuditedPartition {
  readonly logId: string;
  readonly epoch: number;
  readonly topic: string;
  readonly partition: number;
}

/** What a notary vouches for: that these were the first `size` records. */
export interface AuditCheckpoint extends AuditedPartition {
  readonly size: number;
  readonly root: ByteText;
}

/** One key signs for all partitions of a log. */
export const keyNameOf = (logId: string): string => `hindcast/${logId}`;

export const originOf = ({ logId, epoch, topic, partition }: AuditedPartition): string =>
  `hindcast/${logId}/${epoch}/${topic}/${partition}`;

/**
 * The text of a checkpoint, to be signed as a note.
 * @see https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md
 */
export const checkpointText = (checkpoint: AuditCheckpoint): string =>
  `${originOf(checkpoint)}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;

const originPattern = /^hindcast\/([^/\s+]{1,128})\/(0|[1-9]\d{0,8})\/([A-Za-z0-9._-]{1,128})\/(0|[1-9]\d{0,8})$/;

/** undefined where the text is no checkpoint of a Hindcast log. Extension lines are passed over. */
export const parseCheckpoint = (text: string): AuditCheckpoint | undefined => {
  const [first = '', second = '', third = '', ...rest] = text.split('\n');
  const origin = originPattern.exec(first);
  const root = fromBase64(third, hashBytes);
  const isWhole = rest.at(-1) === '' && !rest.slice(0, -1).includes('');
  if (!origin || !root || !isWhole || !/^(?:0|[1-9]\d{0,15})$/.test(second)) return undefined;
  return {
    logId: origin[1] ?? '',
    epoch: Number(origin[2]),
    topic: origin[3] ?? '',
    partition: Number(origin[4]),
    size: Number(second),
    root,
  };
};

/** Signed notes of a file, one after the other with an empty line between them. */
export const splitNotes = (file: string): readonly string[] =>
  file
    .replaceAll('\r\n', '\n')
    .split(/\n\n+(?!\u2014 )/u)
    .map((note) => `${note.trim()}\n`)
    .filter((note) => note !== '\n');

export const joinNotes = (notes: readonly string[]): string => notes.join('\n');
