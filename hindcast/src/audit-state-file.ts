import { open, readFile, rename } from 'node:fs/promises';
import { type AuditState, parseAuditState } from '@hindcast/domain';
import { failed, usage } from './cli-failure.ts';
import { unreadable } from './read-input.ts';

/** undefined where there is no file yet. */
export const auditStateIn = async (path: string): Promise<AuditState | undefined> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  });
  const state = text === undefined ? undefined : parseAuditState(text);
  if (text !== undefined && !state) throw usage(`${path} is no state of a verification: name another file.`);
  return state;
};

/** On disk, whole, when it resolves: a run that is killed leaves the state before or this one. */
export const writeAuditState =
  (path: string) =>
  async (state: AuditState): Promise<void> => {
    try {
      const file = await open(`${path}.new`, 'w');
      await file
        .writeFile(`${JSON.stringify(state)}\n`)
        .then(() => file.sync())
        .finally(() => file.close());
      await rename(`${path}.new`, path);
    } catch (error) {
      throw failed(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  };
