import { open } from 'node:fs/promises';

/** What has been made, renamed or removed in the folder is so when this resolves, also after the machine has lost its power. */
export const syncFolder = async (path: string): Promise<void> => {
  // Windows syncs nothing that is open for reading, and opens folders for nothing else.
  if (process.platform === 'win32') return;
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
};
