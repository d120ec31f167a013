import { readFile } from 'node:fs/promises';
import { type AuditCrypto, type NoteKey, parseNoteKey, splitNotes } from '@hindcast/domain';
import { usage } from './cli-failure.ts';
import { unreadable } from './read-input.ts';

/** A key as `npx hindcast audit key` prints it. */
export const keptKey = (crypto: Pick<AuditCrypto, 'sha256'>, text: string): NoteKey => {
  const key = parseNoteKey(crypto, text);
  if (!key) throw usage(`"${text}" is no key; \`npx hindcast audit key\` prints one: name+id+base64.`);
  return key;
};

export const readKept = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });

/** The signed notes of a file of checkpoints that was kept elsewhere. */
export const keptNotes = async (path: string): Promise<readonly string[]> => {
  const notes = splitNotes(await readKept(path));
  if (notes.length === 0) throw usage(`${path} holds no checkpoint.`);
  return notes;
};
